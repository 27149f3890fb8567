#include <curl/curl.h>

#include "junctor/failure.h"
#include "net/transfer.h"

namespace junctor {
namespace {

using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(CURLU* url, CURLUPart which, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// Why this parsed URL may not be called; empty when it may.
std::string fault_of(CURLU* url) {
  const std::string scheme = part(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "only http and https can be called";
  if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty())
    return "a URL may not carry a user or password";
  return part(url, CURLUPART_HOST).empty() ? "it names no host" : "";
}

Origin origin_of(CURLU* url) {
  Origin origin{part(url, CURLUPART_SCHEME), part(url, CURLUPART_HOST),
                part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  for (char& c : origin.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  if (origin.host.ends_with('.')) origin.host.pop_back();
  return origin;
}

}  // namespace

Url::Url(const std::string& text) {
  const CurlUrl url(curl_url(), &curl_url_cleanup);
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS);
  if (code != CURLUE_OK)
    throw Failure(FailureKind::invalid,
                  std::string("the URL cannot be read: ") + curl_url_strerror(code));
  if (const std::string fault = fault_of(url.get()); !fault.empty())
    throw Failure(FailureKind::invalid, "the URL cannot be called: " + fault);
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  text_ = part(url.get(), CURLUPART_URL);
  origin_ = origin_of(url.get());
}

Url Url::resolve(const std::string& location) const {
  const CurlUrl url(curl_url(), &curl_url_cleanup);
  curl_url_set(url.get(), CURLUPART_URL, text_.c_str(), CURLU_PATH_AS_IS);
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, location.c_str(), CURLU_URLENCODE);
  const std::string fault = code == CURLUE_OK ? fault_of(url.get()) : curl_url_strerror(code);
  if (!fault.empty())
    throw Failure(FailureKind::denied,
                  origin_.host + " redirects to a place that cannot be called: " + fault);
  return Url(part(url.get(), CURLUPART_URL));
}

}  // namespace junctor
