#include "queue/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace junctor::queue {
namespace {

// One hexadecimal field, up to the separator; false for anything else.
bool take_hex(std::string_view& text, char separator, std::int64_t& out) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  out = static_cast<std::int64_t>(value);
  if (separator == '\0') return text.empty();
  if (text.empty() || text.front() != separator) return false;
  text.remove_prefix(1);
  return true;
}

// FNV-1a, folded to 16 bits.
std::uint64_t tag_of(const TenantId& tenant) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : tenant.text()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return (hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48)) & 0xffff;
}

}  // namespace

std::string LeaseToken::to_string() const {
  return fmt::format("{:x}-{:x}-{:x}", static_cast<std::uint64_t>(seq),
                     static_cast<std::uint64_t>(fence), static_cast<std::uint64_t>(nonce));
}

std::optional<LeaseToken> LeaseToken::parse(std::string_view text, const TenantId& tenant) {
  LeaseToken token;
  token.tenant = tenant;
  if (take_hex(text, '-', token.seq) && take_hex(text, '-', token.fence) &&
      take_hex(text, '\0', token.nonce))
    return token;
  return std::nullopt;
}

std::int64_t LeaseToken::nonce_for(const TenantId& tenant, std::uint64_t random) {
  return static_cast<std::int64_t>((random & ~std::uint64_t{0xffff}) | tag_of(tenant));
}

bool LeaseToken::may_be_genuine() const {
  return seq > 0 && fence > 0 && (static_cast<std::uint64_t>(nonce) & 0xffff) == tag_of(tenant);
}

std::string_view to_string(LeaseLoss loss) {
  switch (loss) {
    case LeaseLoss::unknown: return "no such lease";
    case LeaseLoss::finished: return "the message was finished before";
    case LeaseLoss::expired: return "the lease is over and the message waits in its queue again";
    case LeaseLoss::taken_over: return "the lease ran out and another consumer has the message";
    case LeaseLoss::dead_lettered: return "the message is a dead letter";
  }
  return "unknown";
}

std::chrono::milliseconds Backoff::wait_after(int attempt, double random) const {
  const double steps = std::clamp(attempt - 1, 0, 60);
  const double bare = std::min(static_cast<double>(first.count()) * std::pow(factor, steps),
                               static_cast<double>(most.count()));
  return std::chrono::milliseconds(std::llround(bare * (0.8 + 0.4 * random)));
}

}  // namespace junctor::queue
