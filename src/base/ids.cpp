#include "junctor/ids.h"

#include <chrono>
#include <cstring>
#include <mutex>

#include "base/crypto.h"

namespace junctor {
namespace {

// Random bytes bought in bulk: an id costs tens of nanoseconds instead of a call into the library.
class RandomPool {
 public:
  void take(std::uint8_t* out, std::size_t count) {
    if (used_ + count > bytes_.size()) {
      bytes_ = crypto::random_bytes(4096);
      used_ = 0;
    }
    std::memcpy(out, bytes_.data() + used_, count);
    used_ += count;
  }

 private:
  std::string bytes_;
  std::size_t used_ = 0;
};

// The 12 bits after the millisecond count up within it, so ids of one thread never go back; across
// threads they are ordered by the shared clock below.
struct Monotonic {
  std::mutex mutex;
  std::int64_t milliseconds = 0;
  std::uint32_t counter = 0;
};

}  // namespace

Uuid Uuid::generate() {
  static Monotonic last;
  thread_local RandomPool pool;
  std::array<std::uint8_t, 16> bytes;
  pool.take(bytes.data() + 6, 10);

  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::int64_t milliseconds;
  std::uint32_t counter;
  {
    std::lock_guard lock(last.mutex);
    if (now > last.milliseconds) {
      last.milliseconds = now;
      last.counter = bytes[6] & 0x07u;
    } else if (++last.counter > 0xfff) {
      ++last.milliseconds;
      last.counter = 0;
    }
    milliseconds = last.milliseconds;
    counter = last.counter;
  }
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70u | counter >> 8);
  bytes[7] = static_cast<std::uint8_t>(counter);
  bytes[8] = static_cast<std::uint8_t>(0x80u | (bytes[8] & 0x3fu));
  return Uuid(bytes);
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return std::nullopt;
    if (!dash) digits.push_back(text[i]);
  }
  const auto raw = crypto::from_hex(digits);
  if (!raw) return std::nullopt;
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), raw->data(), bytes.size());
  return Uuid(bytes);
}

std::string Uuid::to_string() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(digits[bytes_[i] >> 4]);
    out.push_back(digits[bytes_[i] & 15]);
  }
  return out;
}

std::int64_t Uuid::unix_milliseconds() const {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < 6; ++i) out = out << 8 | bytes_[i];
  return out;
}

const TenantId& default_tenant() {
  static const TenantId tenant("default");
  return tenant;
}

}  // namespace junctor
