// A server's digest challenge in use: which nonce count and client nonce go out with a request, and
// whether a refusal can be answered.
//
// A count goes out once for each server nonce (RFC 7616 section 3.4), also where a challenge brings a
// nonce that is known already. Some servers have one nonce for ever and hold against a client what
// it counted before it was restarted: they refuse the count 1 with that same nonce, exactly as they
// refuse a wrong password. So such a refusal is answered once with a count that no earlier
// process can have reached, the seconds since 1970; refused as well, the password is wrong. Both
// kinds of server are served: those that want the count 1 first (it is tried first), and those that
// want it to grow. Nothing helps where a server with one nonce for ever sees more than one request
// a second, year in, year out.
//
// Threads: any thread.
// Invariants:
//   1. No count goes out twice with the nonce in use.
//   2. A client nonce is fresh for every request. The one exception are sessions, whose server may
//      keep the client nonce that it saw first for as long as its own: there it follows from the
//      server's nonce and a seed that outlives the process and is unknown to the server.
//   3. A refused count that was raised already is raised again after raise_pause at the earliest: a
//      wrong password costs one request more, not one for each call.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/signing/challenge.h"
#include "auth/signing/digest_auth.h"
#include "junctor/clock.h"

namespace junctor::auth {

class DigestSession final {
 public:
  static constexpr std::chrono::seconds raise_pause{10};

  explicit DigestSession(std::string seed) : seed_(std::move(seed)) {}
  DigestSession(const DigestSession&) = delete;
  DigestSession& operator=(const DigestSession&) = delete;

  // Goes on where another, of the same seed, is.
  void take_over(const DigestSession& other);

  struct Use {
    DigestChallenge challenge;
    std::string client_nonce;
    std::uint32_t nonce_count = 1;
  };
  // For the next request; nullopt before the first challenge, when it has to go without.
  std::optional<Use> next();

  enum class Refusal {
    first_answer,  // the request went without credentials; now it can have some
    answer_again,  // another nonce, or another count, may be taken
    stands,        // the password is wrong, or there is no challenge that can be answered
  };
  // What a 401 means. authorization: what the refused request carried; empty for nothing.
  Refusal refused(const std::vector<Challenge>& challenges, std::string_view authorization,
                  Timestamp now);

 private:
  struct State {
    std::optional<DigestChallenge> challenge;
    std::uint32_t nonce_count = 0;  // the last that went out
    std::uint32_t raised_to = 0;    // 0: the nonce's counts are as they come
    Timestamp raised_at{};
  };
  void take(State& state, DigestChallenge challenge);
  bool raise(State& state, std::uint32_t refused_count, bool is_stale, Timestamp now);

  const std::string seed_;
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace junctor::auth
