#include "junctor/failure.h"

#include <utility>

namespace junctor {

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::invalid: return "invalid";
    case FailureKind::denied: return "denied";
    case FailureKind::not_found: return "not_found";
    case FailureKind::conflict: return "conflict";
    case FailureKind::unsupported: return "unsupported";
    case FailureKind::too_large: return "too_large";
    case FailureKind::timeout: return "timeout";
    case FailureKind::unavailable: return "unavailable";
    case FailureKind::overloaded: return "overloaded";
    case FailureKind::no_space: return "no_space";
    case FailureKind::cancelled: return "cancelled";
    case FailureKind::corrupt: return "corrupt";
    case FailureKind::bug: return "bug";
  }
  return "bug";
}

bool is_retryable(FailureKind kind) {
  switch (kind) {
    case FailureKind::timeout:
    case FailureKind::unavailable:
    case FailureKind::overloaded:
    case FailureKind::no_space: return true;
    default: return false;
  }
}

Failure::Failure(FailureKind kind, std::string message, std::string detail,
                 boost::source_location where)
    : kind_(kind), message_(std::move(message)), detail_(std::move(detail)), where_(where) {}

Failure& Failure::retry_after(std::chrono::milliseconds wait) & {
  retry_after_ = wait;
  return *this;
}

Failure&& Failure::retry_after(std::chrono::milliseconds wait) && {
  retry_after_ = wait;
  return std::move(*this);
}

void check_failed(const char* condition, const boost::source_location& where) {
  throw Failure(FailureKind::bug, "an internal check failed; please report it", condition, where);
}

}  // namespace junctor
