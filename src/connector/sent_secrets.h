// A provider may repeat what it was sent. What a request carried as a secret is cut out of what comes
// back before anybody keeps or shows it.
//
// Threads: any thread; no state.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "connector/redaction.h"
#include "junctor/json.h"
#include "junctor/secret.h"
#include "net/client.h"

namespace junctor::connector {

// text without the secrets of the request: values of secret headers, whole and behind their scheme,
// user and password of Basic, and query parameters that the redaction hides; as they are, percent-encoded
// and as a JSON text has them. Secrets of fewer than four bytes stay: they would be found everywhere.
std::string without_sent_secrets(std::string text, const ClientRequest& request,
                                 const Redaction& redaction);

// The same of a body, in which JSON may spell a text in its own ways: then it comes back written anew.
std::string body_without_sent_secrets(std::string body, const ClientRequest& request,
                                      const Redaction& redaction);

// Every secret of a request, as above; whole values before their parts.
void each_sent_secret(const ClientRequest& request, const Redaction& redaction,
                      const std::function<void(std::string_view)>& see);

// The secrets that the calls of one run have to do with, and what is kept of the run without them.
//
// Threads: one owner.
class SecretValues final {
 public:
  static constexpr std::size_t most = 128;  // spellings; beyond, the oldest are forgotten

  void add(std::string_view secret);  // in every spelling, as above; one of fewer than four bytes is not kept
  bool are_in(const Json& value) const;
  std::string without(std::string text) const;
  Json without(Json value) const;

 private:
  Json cut_out_of(Json value) const;

  std::vector<Secret> values_;
};

}  // namespace junctor::connector
