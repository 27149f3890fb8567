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
};

struct Signature {
  std::vector<SignatureParam> params;
  bool plain = true;  // no "many": one argument per parameter is the common case

  // Throws Error S0401, S0402; positions count from `position`, where the < stands.
  static std::shared_ptr<const Signature> parse(std::string_view text, std::size_t position);
};

// a s n b l f o, m for undefined.
char symbol_of(const Value& value);
std::uint32_t symbol_bit(char symbol);

}  // namespace junctor::jsonata
