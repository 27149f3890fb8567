// The pages of a consent, as a person's browser meets them: the link that begins it, and the callback to which
// the provider sends it back. A browser gets a page, everything else text or a problem.
//
// Threads: any loop.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace junctor {
namespace auth {
class Authorization;
}

namespace api {

inline constexpr std::string_view begin_path = "/oauth/begin";
inline constexpr std::string_view callback_path = "/oauth/callback";

// public_url: how the outside reaches this engine, without a slash at its end.
std::string callback_url(const std::string& public_url);
std::string consent_url(const std::string& public_url, std::string_view ticket);

// ?ticket=: leaves a cookie and sends the browser to the provider.
HttpResponse begin_consent(auth::Authorization& authorization, const std::string& public_url,
                           Fiber& fiber, const HttpRequest& request);
// ?state=&code=: the end; the cookie goes.
HttpResponse end_consent(auth::Authorization& authorization, const std::string& public_url,
                         Fiber& fiber, const HttpRequest& request);

}  // namespace api
}  // namespace junctor
