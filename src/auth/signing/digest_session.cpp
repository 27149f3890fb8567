#include "auth/signing/digest_session.h"

#include <algorithm>
#include <charconv>

#include "base/crypto.h"

namespace junctor::auth {
namespace {

constexpr std::size_t client_nonce_bytes = 16;

std::string fresh_client_nonce() {
  return crypto::to_base64url(crypto::random_bytes(client_nonce_bytes));
}

std::string session_client_nonce(std::string_view seed, std::string_view nonce) {
  return crypto::to_base64url(
      crypto::hmac(crypto::Digest::sha256, seed, nonce).substr(0, client_nonce_bytes));
}

// What the refused request answered.
struct Answered {
  std::string nonce;
  std::uint32_t count = 0;  // 0: the server does not count
};

std::optional<Answered> read(std::string_view authorization) {
  const auto parsed = parse_challenges(authorization);
  if (parsed.empty() || parsed.front().scheme != "digest") return std::nullopt;
  Answered out{std::string(parsed.front().parameter("nonce").value_or("")), 0};
  const std::string_view count = parsed.front().parameter("nc").value_or("");
  std::from_chars(count.data(), count.data() + count.size(), out.count, 16);
  return out;
}

std::uint32_t seconds_of(Timestamp now) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace

void DigestSession::take_over(const DigestSession& other) {
  const std::scoped_lock lock(mutex_, other.mutex_);
  state_ = other.state_;
}

std::optional<DigestSession::Use> DigestSession::next() {
  const std::lock_guard lock(mutex_);
  if (!state_.challenge) return std::nullopt;
  Use out{*state_.challenge, "", ++state_.nonce_count};
  out.client_nonce = is_session(out.challenge.algorithm)
                         ? session_client_nonce(seed_, out.challenge.nonce)
                         : fresh_client_nonce();
  return out;
}

DigestSession::Refusal DigestSession::refused(const std::vector<Challenge>& challenges,
                                              std::string_view authorization, Timestamp now) {
  auto chosen = choose_digest(challenges);
  if (!chosen) return Refusal::stands;
  const auto answered = read(authorization);
  const bool is_stale = chosen->stale;
  const bool is_same = answered && answered->nonce == chosen->nonce;
  const std::lock_guard lock(mutex_);
  take(state_, *std::move(chosen));
  if (!answered) return Refusal::first_answer;
  if (is_same && !raise(state_, answered->count, is_stale, now)) return Refusal::stands;
  return Refusal::answer_again;
}

void DigestSession::take(State& state, DigestChallenge challenge) {
  if (!state.challenge || state.challenge->nonce != challenge.nonce) state = State{};
  state.challenge = std::move(challenge);
}

bool DigestSession::raise(State& state, std::uint32_t refused_count, bool is_stale, Timestamp now) {
  if (is_stale) return true;
  if (refused_count == 0) return false;
  const bool was_raised = state.raised_to != 0 && refused_count >= state.raised_to;
  if (was_raised && now - state.raised_at < raise_pause) return false;
  state.nonce_count = std::max(state.nonce_count, seconds_of(now));
  state.raised_to = state.nonce_count + 1;
  state.raised_at = now;
  return true;
}

}  // namespace junctor::auth
