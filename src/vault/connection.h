// A connection as its readers see it: secrets are masks.
//
// Threads: values.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/clock.h"
#include "junctor/failure.h"
#include "junctor/ids.h"
#include "junctor/json.h"
#include "junctor/result.h"
#include "junctor/secret.h"

namespace junctor::vault {

// What a person has to do before the connection works; ready: nothing.
enum class ConnectionStatus {
  needs_authorisation,  // the consent page was never finished
  needs_vars,           // a required field of the second phase is empty
  ready,
  grant_expired,  // the provider refused the refresh (invalid_grant): authorise again
};

enum class HealthState { unknown, healthy, failing };
enum class Enabled { no, yes };

std::string_view to_string(ConnectionStatus status);
std::optional<ConnectionStatus> parse_connection_status(std::string_view text);
std::string_view to_string(HealthState state);

struct Health {
  HealthState state = HealthState::unknown;
  std::string message;  // the provider's, or ours; never with a secret; at most 1,000 bytes
  std::optional<Timestamp> checked_at;
  std::optional<std::chrono::milliseconds> latency;
};

struct Connection {
  ConnectionId id;
  TenantId tenant;
  std::string integration;
  std::string name;
  std::string auth_method;  // empty: the integration's first
  Enabled enabled = Enabled::yes;
  ConnectionStatus status = ConnectionStatus::ready;
  std::string status_reason;  // "invalid_grant: Token has been revoked"
  JsonObject vars;            // secrets as masks
  Health health;
  std::int64_t version = 1;  // grows with every change of vars, name or enabled
  Timestamp created_at{};
  Timestamp updated_at{};
};

// A connection with its secrets open: for the outgoing request and nothing else.
struct OpenConnection {
  Connection connection;  // vars without the secrets
  std::map<std::string, Secret> secrets;
};

// Equal as long as what was opened is what is stored and may be read.
struct ConnectionStamp {
  std::int64_t version = 0;
  Timestamp updated_at{};
  std::int64_t destroyed_keys = 0;  // of the tenant

  friend bool operator==(const ConnectionStamp&, const ConnectionStamp&) = default;
};

// The errors of connections, one per thing that a person can do about it (docs/credentials.md).
enum class ConnectionError {
  vars_invalid,         // undeclared, missing or of a wrong type: correct them
  unknown_integration,  // load its definition first
  unknown_action,       // correct the slug: the message names those there are
  unknown_connection,   // create it, or correct the name
  several_connections,  // name one of them
  name_taken,           // choose another name
  disabled_connection,  // enable it
  not_authorised,       // finish the authorisation
  grant_expired,        // authorise again
  host_not_allowed,     // the URL is not the integration's: declare the host
  provider_error,       // the provider refused or failed; its status and code are in the message
  credentials_invalid,  // a stored var cannot be used: a key that is no PEM, a URL that is none
  changed_meanwhile,    // read it again and repeat the change
  consent_unknown,      // the authorisation was used, has expired or began elsewhere: start it again
  another_browser,      // it began in another browser: start it again, and finish it where it began
  another_issuer,       // the answer is not the asked provider's: start again
  secrets_destroyed,    // the key of the tenant's secrets was destroyed: enter them again
  request_invalid,      // a member of the request is unknown or of the wrong kind: correct it
};

// "grant_expired", as in the "code" of an API answer.
std::string_view to_string(ConnectionError error);

class ConnectionFailure final : public Failure {
 public:
  ConnectionFailure(ConnectionError code, std::string message, std::string detail = {},
                    boost::source_location where = BOOST_CURRENT_LOCATION);
  // vars_invalid, unless it is the request around the vars.
  ConnectionFailure(std::vector<Problem> problems, ConnectionError code = ConnectionError::vars_invalid,
                    boost::source_location where = BOOST_CURRENT_LOCATION);

  ConnectionError code() const { return code_; }
  // For vars_invalid and request_invalid, every problem; else empty.
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  ConnectionError code_;
  std::vector<Problem> problems_;
};

// The connection as the API shows it.
JsonObject to_json(const Connection& connection);

}  // namespace junctor::vault
