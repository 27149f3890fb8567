#include "connector/urls.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

namespace junctor::connector {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::optional<std::string> resolve_url(std::string_view base, std::string_view reference) {
  const auto from = boost::urls::parse_uri(base);
  const auto to = boost::urls::parse_uri_reference(reference);
  if (from.has_error() || to.has_error()) return std::nullopt;
  boost::urls::url out;
  if (boost::urls::resolve(*from, *to, out).has_error()) return std::nullopt;
  const bool web = out.scheme_id() == boost::urls::scheme::https || out.scheme_id() == boost::urls::scheme::http;
  if (!web || out.host().empty() || out.has_userinfo()) return std::nullopt;
  out.remove_fragment();
  return std::string(out.buffer());
}

std::string origin_of(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (parsed.has_error() || parsed->encoded_host().empty()) return {};
  const bool secure = parsed->scheme_id() == boost::urls::scheme::https;
  const std::string port = parsed->has_port() && !parsed->port().empty() ? std::string(parsed->port())
                                                                         : (secure ? "443" : "80");
  return lower(parsed->scheme()) + "://" + lower(parsed->encoded_host()) + ":" + port;
}

std::string host_of(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  return parsed.has_error() ? std::string() : lower(parsed->encoded_host());
}

bool matches_host(std::string_view pattern, std::string_view host) {
  const std::string wanted = lower(pattern);
  if (!wanted.starts_with("*.")) return wanted == host;
  return host.size() > wanted.size() - 1 && host.ends_with(std::string_view(wanted).substr(1));
}

}  // namespace junctor::connector
