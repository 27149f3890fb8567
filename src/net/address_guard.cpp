#include "net/address_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/http.h"

namespace junctor {
namespace {

struct Special {
  std::string_view network;
  int bits;
  std::string_view use;
};

// IANA IPv4 Special-Purpose Address Registry, what it does not call globally reachable, and
// multicast. The last entry is public by its number and a host's own agent by its use.
constexpr Special special_v4[] = {
    {"0.0.0.0", 8, "this network"},
    {"10.0.0.0", 8, "private network"},
    {"100.64.0.0", 10, "shared address space of carriers"},
    {"127.0.0.0", 8, "loopback"},
    {"169.254.0.0", 16, "link-local, where clouds keep their metadata service"},
    {"172.16.0.0", 12, "private network"},
    {"192.0.0.0", 24, "IETF protocol assignments"},
    {"192.0.2.0", 24, "documentation"},
    {"192.88.99.0", 24, "6to4 relay"},
    {"192.168.0.0", 16, "private network"},
    {"198.18.0.0", 15, "benchmarking"},
    {"198.51.100.0", 24, "documentation"},
    {"203.0.113.0", 24, "documentation"},
    {"224.0.0.0", 4, "multicast"},
    {"240.0.0.0", 4, "reserved or broadcast"},
    {"168.63.129.16", 32, "metadata service of a cloud"},
};

// IANA IPv6 Special-Purpose Address Registry; what lies outside 2000::/3 is not listed further.
constexpr Special special_v6[] = {
    {"::", 128, "unspecified"},
    {"::1", 128, "loopback"},
    {"::", 96, "IPv4-compatible"},
    {"::ffff:0:0:0", 96, "IPv4-translated"},
    {"64:ff9b:1::", 48, "local translation prefix"},
    {"100::", 64, "discard only"},
    {"2001:db8::", 32, "documentation"},
    {"2001:2::", 48, "benchmarking"},
    {"2001::", 32, "Teredo"},
    {"2001::", 23, "IETF protocol assignments"},
    {"2002::", 16, "6to4"},
    {"3fff::", 20, "documentation"},
    {"5f00::", 16, "segment routing"},
    {"fc00::", 7, "unique local, a private network"},
    {"fe80::", 10, "link-local"},
    {"fec0::", 10, "site-local"},
    {"ff00::", 8, "multicast"},
};

bool same_prefix(const std::uint8_t* a, const std::uint8_t* b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a, b, whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const int mask = 0xFF00 >> (bits % 8) & 0xFF;
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

IpAddress from_v4(const std::uint8_t* four) {
  IpAddress address;
  address.v4 = true;
  address.bytes[10] = address.bytes[11] = 0xFF;
  std::copy_n(four, 4, address.bytes.begin() + 12);
  return address;
}

template <std::size_t Count>
struct Table {
  std::array<IpAddress, Count> networks;
  explicit Table(const Special (&rows)[Count]) {
    for (std::size_t i = 0; i < Count; ++i) networks[i] = *IpAddress::parse(rows[i].network);
  }
};

std::string_view special_use_v4(const std::uint8_t* four) {
  static const Table table(special_v4);
  for (std::size_t i = 0; i < std::size(special_v4); ++i)
    if (same_prefix(four, table.networks[i].bytes.data() + 12, special_v4[i].bits))
      return special_v4[i].use;
  return {};
}

constexpr std::uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::uint8_t nat64_prefix[12] = {0, 0x64, 0xFF, 0x9B};

bool is_isatap(const std::uint8_t* bytes) {
  return (bytes[8] & 0xFC) == 0 && bytes[9] == 0 && bytes[10] == 0x5E && bytes[11] == 0xFE;
}

std::string_view special_use_v6(const std::uint8_t* bytes) {
  static const Table table(special_v6);
  for (std::size_t i = 0; i < std::size(special_v6); ++i)
    if (same_prefix(bytes, table.networks[i].bytes.data(), special_v6[i].bits))
      return special_v6[i].use;
  if (is_isatap(bytes) && !special_use_v4(bytes + 12).empty()) return special_use_v4(bytes + 12);
  return (bytes[0] & 0xE0) == 0x20 ? std::string_view() : "not global unicast";
}

// One part of a number-dots address: decimal, octal after 0, hexadecimal after 0x.
std::optional<std::uint64_t> part_value(std::string_view part) {
  int base = 10;
  if (part.size() >= 2 && part[0] == '0' && (part[1] == 'x' || part[1] == 'X')) {
    base = 16;
    part.remove_prefix(2);
    if (part.empty()) return 0;
  } else if (part.size() >= 2 && part[0] == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, base);
  if (error != std::errc() || end != part.data() + part.size() || value > 0xFFFFFFFF)
    return std::nullopt;
  return value;
}

// As inet_aton reads it: one to four parts, the last filling what is left.
std::optional<IpAddress> parse_numbers_and_dots(std::string_view text) {
  std::vector<std::uint64_t> parts;
  for (;;) {
    const auto dot = text.find('.');
    const auto value = part_value(text.substr(0, dot));
    if (!value || parts.size() == 4) return std::nullopt;
    parts.push_back(*value);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  std::uint64_t all = parts.back();
  if (all > 0xFFFFFFFFull >> (8 * (parts.size() - 1))) return std::nullopt;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i] > 255) return std::nullopt;
    all |= parts[i] << (24 - 8 * i);
  }
  const std::uint8_t four[] = {
      static_cast<std::uint8_t>(all >> 24), static_cast<std::uint8_t>(all >> 16 & 0xFF),
      static_cast<std::uint8_t>(all >> 8 & 0xFF), static_cast<std::uint8_t>(all & 0xFF)};
  return from_v4(four);
}

std::string_view without_dot(std::string_view host) {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  std::uint8_t four[4];
  if (inet_pton(AF_INET, terminated.c_str(), four) == 1) return from_v4(four);
  IpAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes.data() + 12 : bytes.data(), text, sizeof text);
  return text;
}

std::optional<IpAddress> address_in_host(std::string_view host) {
  const auto decoded = percent_decode(host);
  std::string_view text = without_dot(decoded ? std::string_view(*decoded) : host);
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  if (text.find(':') != std::string_view::npos)
    return IpAddress::parse(text.substr(0, text.find('%')));
  return parse_numbers_and_dots(text);
}

std::string_view special_use(const IpAddress& address) {
  const std::uint8_t* bytes = address.bytes.data();
  if (address.v4 || std::memcmp(bytes, mapped_prefix, 12) == 0 ||
      std::memcmp(bytes, nat64_prefix, 12) == 0)
    return special_use_v4(bytes + 12);
  return special_use_v6(bytes);
}

Result<AddressGuard> AddressGuard::allowing(const std::vector<std::string>& allowed) {
  AddressGuard guard;
  std::vector<Problem> problems;
  for (const std::string& entry : allowed) {
    const auto slash = entry.find('/');
    const auto address = address_in_host(entry.substr(0, slash));
    if (entry == "*") {
      guard.allow_all_ = true;
    } else if (address) {
      const int width = address->v4 ? 32 : 128;
      int bits = width;
      const char* end = entry.data() + entry.size();
      if (slash != std::string::npos) {
        const auto [stop, error] = std::from_chars(entry.data() + slash + 1, end, bits);
        if (error != std::errc() || stop != end || bits < 0 || bits > width) {
          problems.push_back({"", 0, entry, "a block such as 10.0.0.0/8 or fc00::/7", ""});
          continue;
        }
      }
      guard.blocks_.push_back({*address, bits + 128 - width});
    } else if (entry.empty() || entry.find_first_of("/ :@") != std::string::npos) {
      problems.push_back({"", 0, entry, "an address, a block or a host name", ""});
    } else {
      guard.hosts_.push_back(std::string(without_dot(entry)));
    }
  }
  if (!problems.empty()) return problems;
  return guard;
}

AddressGuard AddressGuard::off() {
  AddressGuard guard;
  guard.allow_all_ = true;
  return guard;
}

bool AddressGuard::allows_host(std::string_view host) const {
  host = without_dot(host);
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& allowed) {
    if (!allowed.starts_with("*.")) return equal_ignoring_case(host, allowed);
    const std::string_view tail = std::string_view(allowed).substr(1);
    return host.size() > tail.size() &&
           equal_ignoring_case(host.substr(host.size() - tail.size()), tail);
  });
}

std::optional<std::string> AddressGuard::refusal(std::string_view host,
                                                 const IpAddress& address) const {
  if (allow_all_) return std::nullopt;
  const std::string_view use = special_use(address);
  if (use.empty() || allows_host(host)) return std::nullopt;
  for (const Block& block : blocks_)
    if (same_prefix(address.bytes.data(), block.network.bytes.data(), block.bits))
      return std::nullopt;
  std::string text = address.to_string() + " is not an address of the public internet (";
  text.append(use).append(")");
  if (!address_in_host(host)) text = std::string(host) + " leads to " + text;
  return text;
}

std::optional<std::string> AddressGuard::refusal(std::string_view host) const {
  const auto address = address_in_host(host);
  return address ? refusal(host, *address) : std::nullopt;
}

}  // namespace junctor
