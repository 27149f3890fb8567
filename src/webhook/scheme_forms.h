// The schemes that are no plain signature over one text. Only for the webhook room.
//
// Threads: any thread; no state.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "webhook/verify.h"

namespace junctor::webhook {

// Names and values of a form's fields behind one another, sorted, repeated pairs once.
std::string sorted_form(std::string_view body);

// Twilio: HMAC-SHA1 over the URL and the sorted form; a body that is no form is bound by its digest
// in the URL (`bodySHA256`). The URL counts with and without its port.
Verdict verify_twilio(const VerifySpec& spec, const HttpRequest& request, std::string_view url,
                      std::span<const Secret> secrets);

// Microsoft Graph: every notification of the body repeats the subscription's `clientState`.
Verdict verify_client_state(const HttpRequest& request, std::span<const Secret> secrets);

}  // namespace junctor::webhook
