// Keeps outgoing calls from reaching addresses that are not on the public internet.
//
// A name says nothing: it may resolve to one address when it is checked and to another when it is
// used. So the guard judges the address that a socket is about to connect to, and again the address
// of a connection that is used once more. Hosts that are spelt as addresses are judged before that,
// for a clearer message.
//
// Blocked: everything that the IANA special-purpose registries do not call globally reachable
// (private, loopback, link-local with the metadata services, shared, benchmarking, documentation,
// reserved, multicast, broadcast, unique-local), and the IPv6 forms that carry such an IPv4 address
// inside (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP).
//
// Threads: immutable, any thread.
// Source: RFC 6890 and the IANA registries for IPv4 and IPv6 special-purpose addresses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/result.h"

namespace junctor {

// An IPv4 or IPv6 address. Both as 16 bytes; IPv4 in its mapped form, told apart by `v4`.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;

  // The usual spellings only: "192.0.2.1", "2001:db8::1".
  static std::optional<IpAddress> parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// The address that a URL's host means when it is a number in any spelling that resolvers accept:
// "127.1", "0x7f000001", "017700000001", "2130706433", "[::1]", "[fe80::1%25eth0]", a trailing dot.
// nullopt for a name.
std::optional<IpAddress> address_in_host(std::string_view host);

// Why an address is special ("loopback", "private network"); empty for one of the public internet.
std::string_view special_use(const IpAddress& address);

class AddressGuard final {
 public:
  // Refuses everything special.
  AddressGuard() = default;

  // allowed: for development; each an address, a CIDR block ("10.0.0.0/8", "::1/128") or a host
  // name
  // ("localhost", "*.internal.example"), whose addresses are then all allowed; "*" allows
  // everything.
  static Result<AddressGuard> allowing(const std::vector<std::string>& allowed);
  // Allows everything.
  static AddressGuard off();

  // Why a connection to this address on behalf of this host is refused; nullopt when it may be
  // made.
  std::optional<std::string> refusal(std::string_view host, const IpAddress& address) const;
  // The same for a host alone: decides what a spelt-out address decides.
  std::optional<std::string> refusal(std::string_view host) const;

 private:
  struct Block {
    IpAddress network;
    int bits = 128;  // of the 16-byte form
  };
  bool allows_host(std::string_view host) const;

  std::vector<Block> blocks_;
  std::vector<std::string> hosts_;
  bool allow_all_ = false;
};

}  // namespace junctor
