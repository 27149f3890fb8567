// The questions by which providers find out whether an endpoint wants their deliveries.
//
//   slack      a signed url_verification; answered with its challenge
//   discord    a signed ping; answered with a pong
//   meta       a GET with hub.mode=subscribe and hub.verify_token, which must be one of the secrets
//   microsoft  validationToken in the query, answered as text (Microsoft Graph)
//
// Threads: any thread; no state.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "net/http.h"
#include "webhook/verify.h"

namespace junctor::webhook {

// The answer when the request is such a question; nullopt for everything else, which then goes the
// usual way of verification. A question with a wrong proof is answered 403. Parameters as of
// verify().
std::optional<HttpResponse> challenge(const VerifySpec& spec, const HttpRequest& request,
                                      std::string_view url, std::span<const Secret> secrets,
                                      Timestamp now);

}  // namespace junctor::webhook
