#include "connector/urls.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

#include "net/http.h"

namespace junctor::connector {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Where the path begins: behind "https://host" or "//host".
std::size_t path_begin(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (is_alnum(text[at]) || (at > 0 && std::string_view("+-.").find(text[at]) != text.npos))) ++at;
  at = at > 0 && at < text.size() && text[at] == ':' ? at + 1 : 0;
  if (!text.substr(at).starts_with("//")) return at;
  return std::min(text.find_first_of("/?", at + 2), text.size());
}

// Whether a path or query may hold it as it is (RFC 3986, pchar / "/" / "?").
bool stands_in_url(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '%') return at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]);
  return is_alnum(c) || std::string_view("-._~!$&'()*+,;=:@/?").find(c) != std::string_view::npos;
}

}  // namespace

std::string escaped_url(std::string_view text) {
  text = text.substr(0, text.find('#'));
  const std::size_t begin = path_begin(text);
  std::string out(text.substr(0, begin));
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (stands_in_url(text, at)) out += text[at];
    else out += percent_encode(text.substr(at, 1));
  }
  return out;
}

std::optional<std::string> resolve_url(std::string_view base, std::string_view reference) {
  const std::string seen_from = escaped_url(base);
  const std::string wanted = escaped_url(reference);
  const auto from = boost::urls::parse_uri(seen_from);
  const auto to = boost::urls::parse_uri_reference(wanted);
  if (from.has_error() || to.has_error()) return std::nullopt;
  boost::urls::url out;
  if (boost::urls::resolve(*from, *to, out).has_error()) return std::nullopt;
  const bool web = out.scheme_id() == boost::urls::scheme::https || out.scheme_id() == boost::urls::scheme::http;
  if (!web || out.host().empty() || out.has_userinfo()) return std::nullopt;
  return std::string(out.buffer());
}

std::string origin_of(std::string_view url) {
  const std::string text = escaped_url(url);
  const auto parsed = boost::urls::parse_uri(text);
  if (parsed.has_error() || parsed->encoded_host().empty()) return {};
  const bool secure = parsed->scheme_id() == boost::urls::scheme::https;
  const std::string port = parsed->has_port() && !parsed->port().empty() ? std::string(parsed->port())
                                                                         : (secure ? "443" : "80");
  return lower(parsed->scheme()) + "://" + lower(parsed->encoded_host()) + ":" + port;
}

std::string host_of(std::string_view url) {
  const std::string text = escaped_url(url);
  const auto parsed = boost::urls::parse_uri(text);
  return parsed.has_error() ? std::string() : lower(parsed->encoded_host());
}

bool matches_host(std::string_view pattern, std::string_view host) {
  const std::string wanted = lower(pattern);
  if (!wanted.starts_with("*.")) return wanted == host;
  return host.size() > wanted.size() - 1 && host.ends_with(std::string_view(wanted).substr(1));
}

}  // namespace junctor::connector
