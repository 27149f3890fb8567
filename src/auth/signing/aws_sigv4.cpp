#include "auth/signing/aws_sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "base/crypto.h"
#include "net/http.h"

namespace junctor::auth {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string encode(std::string_view text, std::string_view kept) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || kept.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 3 <= text.size()
                          ? crypto::from_hex(text.substr(i + 1, 2))
                          : std::nullopt;
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// RFC 3986 section 5.2.4 plus the removal of empty segments.
std::string normalise(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool ends_open = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out += "/" + std::string(segment);
  return out.empty() || ends_open ? out + "/" : out;
}

std::string canonical_path(std::string_view path, const AwsScope& scope) {
  if (path.empty()) return "/";
  return scope.service == "s3" ? std::string(path) : encode(normalise(path), "/");
}

std::string canonical_query(std::string_view query) {
  Pairs pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::string_view value = item.substr(std::min(equals + 1, item.size()));
    pairs.emplace_back(encode(decode(item.substr(0, equals)), ""), encode(decode(value), ""));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

// Outer spaces go, inner runs become one.
std::string trimmed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c != ' ' && c != '\t') {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::map<std::string, std::string> canonical_headers(const Pairs& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    std::string key = name;
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto [at, fresh] = out.emplace(std::move(key), trimmed(value));
    if (!fresh) at->second += "," + trimmed(value);
  }
  return out;
}

std::string hex_hash(std::string_view text) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, text));
}

std::string moment(Timestamp now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

std::string signature(const AwsScope& scope, const AwsKeys& keys, std::string_view date, std::string_view text) {
  const auto mac = [](std::string_view key, std::string_view message) {
    return crypto::hmac(crypto::Digest::sha256, key, message);
  };
  std::string key = "AWS4" + std::string(keys.secret_access_key.reveal());
  for (const std::string_view part : {date, std::string_view(scope.region), std::string_view(scope.service),
                                      std::string_view("aws4_request")}) {
    std::string next = mac(key, part);
    crypto::wipe(key);
    key = std::move(next);
  }
  std::string out = crypto::to_hex(mac(key, text));
  crypto::wipe(key);
  return out;
}

}  // namespace

Pairs sign_aws_v4(const AwsRequest& request, const AwsScope& scope, const AwsKeys& keys, Timestamp now) {
  const std::string time = moment(now), date = time.substr(0, 8);
  const std::string body_hash = request.body_is_streamed ? "UNSIGNED-PAYLOAD" : hex_hash(request.body);
  Pairs added{{"X-Amz-Date", time}};
  if (scope.service == "s3") added.emplace_back("X-Amz-Content-Sha256", body_hash);
  if (!keys.session_token.empty()) added.emplace_back("X-Amz-Security-Token", keys.session_token.reveal());

  Pairs headers = request.headers;
  std::erase_if(headers, [&](const auto& header) {
    return std::any_of(added.begin(), added.end(), [&](const auto& one) {
      return equal_ignoring_case(one.first, header.first);
    });
  });
  headers.insert(headers.end(), added.begin(), added.end());
  std::string header_lines, names;
  for (const auto& [name, value] : canonical_headers(headers)) {
    header_lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path, scope),
                  canonical_query(request.query), header_lines, names, body_hash);
  const std::string range = fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const std::string text = fmt::format("{}\n{}\n{}\n{}", algorithm, time, range, hex_hash(canonical));
  added.emplace_back("Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                 keys.access_key_id, range, names, signature(scope, keys, date, text)));
  return added;
}

}  // namespace junctor::auth
