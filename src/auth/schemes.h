// The authentication schemes that need nothing but the connection's vars and the request.
//
// Threads: any thread; no shared state.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "auth/expressions.h"
#include "auth/signing/digest_session.h"
#include "junctor/clock.h"
#include "junctor/definition/auth.h"
#include "net/client.h"

namespace junctor::auth {

// All throw ConnectionFailure{credentials_invalid} when a var is missing or of no use.
void apply_api_key(const ApiKeyAuth& auth, const VarsContext& vars, ClientRequest& request);
void apply_bearer(const BearerAuth& auth, const VarsContext& vars, ClientRequest& request);
void apply_basic(const PasswordAuth& auth, const VarsContext& vars, ClientRequest& request);
void apply_headers(const ValueSpec& headers, const VarsContext& vars, ClientRequest& request);
void apply_hmac(const HmacAuth& auth, const VarsContext& vars, ClientRequest& request,
                Timestamp now);
void apply_aws(const AwsAuth& auth, const VarsContext& vars, ClientRequest& request, Timestamp now);
void apply_digest(const PasswordAuth& auth, const DigestSession::Use& use, const VarsContext& vars,
                  ClientRequest& request);

// The client certificate of a connection, with its key decrypted and the authorities it trusts. Failure
// as above when one is no PEM, the passphrase does not open the key, or the key is another's.
std::shared_ptr<const ClientIdentity> client_identity(const MtlsAuth& auth,
                                                      const VarsContext& vars);

// Replaces a header, whatever the case of its name.
void set_header(ClientRequest& request, std::string_view name, Secret value);

// A request's URL in parts, as it goes over the wire.
struct WireUrl {
  std::string host;   // with the port unless it is the scheme's own
  std::string path;   // "/" when empty
  std::string query;  // without "?"
};
WireUrl split_url(std::string_view url);

}  // namespace junctor::auth
