// Identifiers. Each kind has a type, so that a run's id cannot be passed where a tenant's is meant.
//
// Threads: values; Uuid::generate from any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace junctor {

// A UUID, version 7 when made here: sorts by time of creation (RFC 9562).
class Uuid {
 public:
  constexpr Uuid() = default;
  explicit constexpr Uuid(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  // Later calls in one process give larger ids, also within a millisecond.
  static Uuid generate();
  // "019a…-…" in either case; nullopt for anything else.
  static std::optional<Uuid> parse(std::string_view text);

  std::string to_string() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  bool is_nil() const { return *this == Uuid(); }
  // Milliseconds since 1970 for version 7.
  std::int64_t unix_milliseconds() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// A Uuid that says what it identifies.
template <typename Tag>
class UuidOf {
 public:
  constexpr UuidOf() = default;
  explicit constexpr UuidOf(Uuid uuid) : uuid_(uuid) {}
  static UuidOf generate() { return UuidOf(Uuid::generate()); }
  static std::optional<UuidOf> parse(std::string_view text) {
    auto uuid = Uuid::parse(text);
    return uuid ? std::optional(UuidOf(*uuid)) : std::nullopt;
  }
  const Uuid& uuid() const { return uuid_; }
  std::string to_string() const { return uuid_.to_string(); }
  friend auto operator<=>(const UuidOf&, const UuidOf&) = default;

 private:
  Uuid uuid_;
};

// A name that says what it names: lower-case letters, digits, '_', '-' where a type says so.
template <typename Tag>
class NameOf {
 public:
  NameOf() = default;
  explicit NameOf(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const NameOf&, const NameOf&) = default;

 private:
  std::string text_;
};

using TenantId = NameOf<struct TenantTag>;
using EventId = UuidOf<struct EventTag>;
using RunId = UuidOf<struct RunTag>;
using ConnectionId = UuidOf<struct ConnectionTag>;
using EndpointId = UuidOf<struct EndpointTag>;

// The tenant that exists from the start.
const TenantId& default_tenant();

}  // namespace junctor

template <typename Tag>
struct std::hash<junctor::UuidOf<Tag>> {
  std::size_t operator()(const junctor::UuidOf<Tag>& id) const noexcept {
    std::uint64_t tail = 0;
    for (std::size_t i = 8; i < 16; ++i) tail = tail << 8 | id.uuid().bytes()[i];
    return static_cast<std::size_t>(tail);
  }
};
template <typename Tag>
struct std::hash<junctor::NameOf<Tag>> {
  std::size_t operator()(const junctor::NameOf<Tag>& name) const noexcept {
    return std::hash<std::string>()(name.text());
  }
};
