// Who asks, and what they may do.
//
// Threads: values.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "junctor/failure.h"
#include "junctor/ids.h"

namespace junctor::auth {

// A set of scopes such as "connections:read". "connections:*" grants every scope that begins with
// "connections:", "*" grants all.
class Scopes final {
 public:
  Scopes() = default;
  explicit Scopes(std::set<std::string> names) : names_(std::move(names)) {}
  // Separated by blanks or commas. Failure{invalid} for a word that is no scope: letters, digits and _ - . : * /
  static Scopes parse(std::string_view text);

  bool allow(std::string_view scope) const;
  bool empty() const { return names_.empty(); }
  const std::set<std::string>& names() const { return names_; }
  std::string text() const;
  friend bool operator==(const Scopes&, const Scopes&) = default;

 private:
  std::set<std::string> names_;
};

struct Principal {
  TenantId tenant;
  std::string subject;  // "token/019a…", a JWT's "sub", "development"
  Scopes scopes;

  // Failure{denied} that names the missing scope: an answer 403, since the caller is known.
  void require(std::string_view scope) const;
};

// The credentials of a request are missing or wrong: an answer 401 with WWW-Authenticate.
class NotAuthenticated final : public Failure {
 public:
  enum class Reason { missing, invalid };
  NotAuthenticated(Reason reason, std::string message, std::string detail = {});
  Reason reason() const { return reason_; }
  // The value of WWW-Authenticate (RFC 6750).
  std::string challenge() const;

 private:
  Reason reason_;
};

}  // namespace junctor::auth
