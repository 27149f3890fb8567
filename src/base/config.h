// What can be set: one table from which flags, environment, junctor.yaml and the docs are made.
//
// Precedence: flags, then environment (JUNCTOR_*), then junctor.yaml, then the defaults here. The
// defaults are safe: loopback, authentication on, private addresses refused.
//
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/result.h"

namespace junctor {

enum class Authentication { required, off_for_development };

struct Config {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8400;  // 0: any free one, printed at start
  std::string data_dir = "junctor-data";
  std::string database_url;  // empty: SQLite in data_dir
  std::string public_url;    // empty: http://address:port
  std::size_t body_limit_bytes = 1024 * 1024;
  std::size_t upload_limit_bytes = 1024 * 1024 * 1024;  // of a call with files
  std::size_t threads = 0;  // event loops; 0: one per core
  std::string log_level = "info";
  std::string log_format = "text";
  std::string roles = "api,webhook,worker,scheduler";
  Authentication authentication = Authentication::required;
  std::vector<std::string> allow_addresses;  // CIDRs or host names the address guard lets through
  std::string root_key_command;  // prints the root keys; empty: root.key in data_dir
  std::string redis_url;  // caches declared `redis`; empty: they are in the store
  std::chrono::seconds shutdown_timeout{30};
  std::chrono::hours event_retention{24 * 30};
  std::size_t event_limit_bytes = 0;  // of a tenant's events; 0: no bound
  std::chrono::hours run_retention{24 * 30};
  std::string jwks_url;  // incoming JWTs; empty: API tokens only
  std::string jwt_issuer;
  std::string jwt_audience;
};

struct Setting {
  std::string_view key;         // as in junctor.yaml: "data_dir"; the flag is --data-dir
  std::string_view value_name;  // "PORT"; empty for a switch
  std::string_view help;
  // Reads text into the field; false when it is not of the right form.
  bool (*set)(Config& config, std::string_view text);
  std::string_view expected;  // what the right form is
};

std::span<const Setting> settings();

// "--data-dir" and "JUNCTOR_DATA_DIR" for "data_dir".
std::string flag_of(const Setting& setting);
std::string environment_of(const Setting& setting);

// Sets one value; nullopt-like empty list when it is right. source is named in the problem.
std::vector<Problem> apply_setting(Config& config, std::string_view key, std::string_view text,
                                   const std::string& source);

// Every JUNCTOR_* variable that names a setting. Unknown ones are left alone: connections' vars use
// the same prefix by custom.
std::vector<Problem> apply_environment(Config& config);

}  // namespace junctor
