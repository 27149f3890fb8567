#include "auth/allowed_hosts.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>

namespace junctor::auth {
namespace {

struct Origin {
  std::string host;
  std::uint16_t port;
  bool plain_http;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::optional<Origin> origin_of(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || url->host().empty() || url->has_userinfo()) return std::nullopt;
  const std::string scheme = lower(std::string_view(url->scheme().data(), url->scheme().size()));
  if (scheme != "https" && scheme != "http") return std::nullopt;
  const bool plain = scheme == "http";
  if (url->has_port() && url->port_number() == 0) return std::nullopt;
  const auto port =
      url->has_port() ? url->port_number() : static_cast<std::uint16_t>(plain ? 80 : 443);
  return Origin{lower(url->host()), port, plain};
}

}  // namespace

void AllowedHosts::add_url(std::string_view url) {
  if (const auto origin = origin_of(url))
    entries_.push_back({origin->host, origin->port, origin->plain_http});
}

void AllowedHosts::add_host(std::string_view host) {
  const bool wildcard = host.starts_with("*.");
  const auto origin = origin_of("https://" + std::string(wildcard ? host.substr(2) : host) + "/");
  if (origin) entries_.push_back({(wildcard ? "." : "") + origin->host, origin->port, false});
}

bool AllowedHosts::allows(std::string_view url) const {
  const auto origin = origin_of(url);
  if (!origin) return false;
  for (const Entry& entry : entries_) {
    const bool same_host = entry.host.starts_with('.') ? origin->host.size() > entry.host.size() &&
                                                             origin->host.ends_with(entry.host)
                                                       : origin->host == entry.host;
    if (same_host && origin->port == entry.port && origin->plain_http == entry.plain_http)
      return true;
  }
  return false;
}

}  // namespace junctor::auth
