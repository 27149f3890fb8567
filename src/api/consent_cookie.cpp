#include "api/consent_cookie.h"

#include <fmt/format.h>

#include "base/crypto.h"

namespace junctor::api {
namespace {

std::string_view path_of(std::string_view url) {
  const auto host = url.find("://");
  const auto slash = url.find('/', host == std::string_view::npos ? 0 : host + 3);
  return slash == std::string_view::npos ? "/" : url.substr(slash);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

ConsentCookie::ConsentCookie(std::string_view callback, std::string_view state) {
  // The state itself stays out of names: they are shown more freely than values.
  const std::string mark =
      crypto::to_hex(crypto::hash(crypto::Digest::sha256, state)).substr(0, 16);
  const bool secure = callback.starts_with("https://");
  name_ = fmt::format("{}junctor-consent-{}", secure ? "__Host-" : "", mark);
  attributes_ = fmt::format("; Path={}; HttpOnly; SameSite=Lax{}", secure ? "/" : path_of(callback),
                            secure ? "; Secure" : "");
}

std::string ConsentCookie::keep(const Secret& proof, std::chrono::seconds life) const {
  return fmt::format("{}={}; Max-Age={}{}", name_, proof.reveal(), life.count(), attributes_);
}

std::string ConsentCookie::forget() const { return fmt::format("{}=; Max-Age=0{}", name_, attributes_); }

std::string ConsentCookie::shown(const Headers& headers) const {
  for (std::string_view line : headers.get_all("Cookie")) {
    while (!line.empty()) {
      const auto end = std::min(line.find(';'), line.size());
      const std::string_view pair = trimmed(line.substr(0, end));
      if (pair.size() > name_.size() && pair.starts_with(name_) && pair[name_.size()] == '=')
        return std::string(pair.substr(name_.size() + 1));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
  }
  return {};
}

}  // namespace junctor::api
