// What went wrong, in the two forms the project knows.
//
// Failure is thrown when the caller can only give up; Result<T> (result.h) is returned when code
// judges text from outside and the caller wants every problem at once.
//
// Threads: values, no shared state.
#pragma once

#include <boost/assert/source_location.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace junctor {

// A kind exists only where someone acts differently on it.
enum class FailureKind {
  invalid,      // the input is wrong; never retried
  denied,       // not authenticated, or not allowed; never retried
  not_found,    // never retried
  conflict,     // state changed, or a key is in use; never retried
  unsupported,  // never retried
  too_large,    // a documented size limit; never retried
  timeout,      // retried
  unavailable,  // a peer or a store is away; retried
  overloaded,   // a bound inside is reached, or a peer said 429; retried
  no_space,     // the disk is full; retried, answered with 507
  cancelled,    // somebody asked to stop; returned, not counted as a fault
  corrupt,      // stored data contradicts itself; the room stops
  bug,          // an internal check failed; fails the run, not the process
};

// The kind in words, as it stands in logs, answers and docs ("not_found").
std::string_view to_string(FailureKind kind);

// Whether the same call may succeed later without anyone changing anything.
bool is_retryable(FailureKind kind);

// Thrown by functions whose caller can only give up.
//
// message may reach a user: it says what happened and what to do. detail may not: it goes to the log.
class Failure : public std::exception {
 public:
  Failure(FailureKind kind, std::string message, std::string detail = {},
          boost::source_location where = BOOST_CURRENT_LOCATION);

  FailureKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }
  const boost::source_location& where() const { return where_; }

  // How long the peer, or a limiter, asked to wait before the next try.
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }
  Failure& retry_after(std::chrono::milliseconds wait) &;
  Failure&& retry_after(std::chrono::milliseconds wait) &&;

  const char* what() const noexcept override { return message_.c_str(); }

 private:
  FailureKind kind_;
  std::string message_;
  std::string detail_;
  boost::source_location where_;
  std::optional<std::chrono::milliseconds> retry_after_;
};

[[noreturn]] void check_failed(const char* condition, const boost::source_location& where);

}  // namespace junctor

// Always on. Throws Failure{bug}; never used on input from outside.
#define JUNCTOR_CHECK(condition)                                                \
  do {                                                                          \
    if (!(condition)) ::junctor::check_failed(#condition, BOOST_CURRENT_LOCATION); \
  } while (false)
