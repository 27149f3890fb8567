// The values of an auth declaration: templates and expressions over a connection's vars.
//
// Threads: any thread. A VarsContext refers to an OpenConnection, which outlives it.
// A plain reference ("=vars.api_key") goes from Secret to Secret. Any other expression has to see
// the secrets as JSON; what it computed is copied into a Secret and its JSON is overwritten.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "junctor/definition/parts.h"
#include "junctor/json.h"
#include "junctor/secret.h"
#include "vault/connection.h"

namespace junctor::auth {

class VarsContext final {
 public:
  explicit VarsContext(const vault::OpenConnection& open) : open_(open) {}

  // The value as text; numbers and booleans become text. purpose names it in messages
  // ("api_key.value"). Throws ConnectionFailure{credentials_invalid} when there is none, naming the
  // var.
  Secret text(const ValueSpec& spec, std::string_view purpose) const;
  // nullopt for an empty specification, and for one that gives nothing or an empty text.
  std::optional<Secret> optional_text(const ValueSpec& spec, std::string_view purpose) const;
  // An object of further members; empty for an empty specification. extra is added to what `$` is.
  JsonObject object(const ValueSpec& spec, std::string_view purpose,
                    const JsonObject& extra = {}) const;
  // An expression over {vars, …extra}; null for undefined.
  Json evaluate(const Jsonata& expression, std::string_view purpose, const JsonObject& extra) const;

  // A URL with its places filled from open vars. A place before the path may hold only characters
  // of a host name, so that a var cannot move the request to another host, unless it stands at the
  // very beginning ("{vars.base_url}/…"); places behind are percent-encoded.
  std::string url(const Template& text, std::string_view purpose) const;

  const vault::OpenConnection& connection() const { return open_; }

 private:
  JsonObject all_vars() const;
  const vault::OpenConnection& open_;
};

// Evaluates over any input; null for undefined. Throws ConnectionFailure{credentials_invalid}.
Json evaluate_expression(const Jsonata& expression, const Json& input, std::string_view purpose);

// Overwrites every text inside, then makes it null.
void wipe(Json& value);

// A value with secrets in it, wiped however its block is left.
struct WipedJson {
  explicit WipedJson(Json given) : json(std::move(given)) {}
  ~WipedJson() { wipe(json); }
  WipedJson(const WipedJson&) = delete;
  WipedJson& operator=(const WipedJson&) = delete;
  Json json;
};

}  // namespace junctor::auth
