// A Failure that an outside system gave.
//
// Threads: a value.
#pragma once

#include <string>

#include "junctor/failure.h"

namespace junctor {

// What the provider said. `body` is at most 4 KiB and blotted out as the definition declares.
struct ProviderAnswer {
  int status = 0;
  std::string code;     // the provider's own code; empty when it gave none
  std::string message;  // the provider's own message
  std::string body;
};

// Thrown by a declared action whose provider answered with a fault; where no answer came, a plain Failure is.
// message() reads "github answered 404: Not Found".
class ProviderFailure final : public Failure {
 public:
  ProviderFailure(FailureKind kind, std::string message, ProviderAnswer answer,
                  boost::source_location where = BOOST_CURRENT_LOCATION)
      : Failure(kind, std::move(message), {}, where), answer_(std::move(answer)) {}

  const ProviderAnswer& answer() const { return answer_; }

 private:
  ProviderAnswer answer_;
};

}  // namespace junctor
