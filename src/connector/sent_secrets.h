// A provider may repeat what it was sent. What a request carried as a secret is cut out of what comes
// back before anybody keeps or shows it.
//
// Threads: any thread; no state.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connector/redaction.h"
#include "connector/secret_values.h"
#include "net/client.h"

namespace junctor::connector {

// text without the secrets of the request: values of secret headers, whole and behind their scheme,
// user and password of Basic, and query parameters that the redaction hides; as they are, percent-encoded
// and as a JSON text has them. Secrets of fewer than four bytes stay: they would be found everywhere.
// of_run: what else is cut out; null: nothing.
std::string without_sent_secrets(std::string text, const ClientRequest& request,
                                 const Redaction& redaction, const SecretValues* of_run = nullptr);

// The same of a body, in which JSON may spell a text in its own ways: then it comes back written anew.
std::string body_without_sent_secrets(std::string body, const ClientRequest& request,
                                      const Redaction& redaction, const SecretValues* of_run = nullptr);

// The same as it is kept: redacted, shortened to `most` bytes behind the search, and left out where it is too long to be
// searched.
std::string kept_body(const std::string& body, std::string_view content_type, std::size_t most, const ClientRequest& request,
                      const Redaction& redaction, const SecretValues* of_run);

// Every secret of a request, as above; whole values before their parts. The user name of Basic is none that opens
// anything: where it is, it is a secret var too.
void each_sent_secret(const ClientRequest& request, const Redaction& redaction,
                      const std::function<void(std::string_view, SecretKind)>& see);

}  // namespace junctor::connector
