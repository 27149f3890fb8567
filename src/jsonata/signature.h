// Function signatures: "<s-n?:s>".
//
// Threads: immutable, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jsonata/value.h"

namespace junctor::jsonata {

struct SignatureParam {
  std::uint32_t accepts = 0;  // bits of symbols, see symbol_bit
  char type = 0;
  bool optional = false;
  bool many = false;
  bool context = false;  // taken from the context when missing
  std::string subtype;
  std::uint32_t subtype_bit = 0;  // of its first symbol
};

struct Signature {
  std::vector<SignatureParam> params;
  bool plain = true;  // no "many": one argument per parameter is the common case
  bool takes_arrays = false;

  // Throws Error S0401, S0402; positions count from `position`, where the < stands.
  static std::shared_ptr<const Signature> parse(std::string_view text, std::size_t position);
};

// a s n b l f o, m for undefined.
char symbol_of(Value value);
constexpr std::string_view signature_symbols = "asnblfom";
constexpr std::uint32_t symbol_bit(char symbol) {
  const std::size_t at = signature_symbols.find(symbol);
  return at == std::string_view::npos ? 0 : 1u << at;
}
// symbol_bit(symbol_of(value)), without a search.
inline std::uint32_t type_bit(Tag tag) {
  constexpr auto at = [](char symbol) { return static_cast<std::uint8_t>(symbol_bit(symbol)); };
  static constexpr std::uint8_t bits[] = {at('m'), at('l'), at('b'), at('n'), at('s'),
                                          at('a'), at('o'), at('a'), at('o'), at('f'),
                                          at('m'), at('m'), at('m')};
  return bits[static_cast<std::size_t>(tag)];
}

}  // namespace junctor::jsonata
