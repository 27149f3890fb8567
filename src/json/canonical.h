// One text per value: the JSON Canonicalization Scheme (RFC 8785), and fingerprints made from it.
//
// Threads: any thread.
#pragma once

#include <string>

#include "junctor/json.h"

namespace junctor::json {

// Members sorted by the UTF-16 code units of their names, numbers as JavaScript prints them, no
// white space. Integers beyond 2^53 keep all their digits, where the RFC would round them: two
// different payloads must not share a fingerprint.
std::string canonical_text(const Json& value);

// SHA-256 of the canonical text, 64 hexadecimal digits. Equal for values that differ only in the
// order of members, in white space, or in how a number was written (1.0 and 1).
std::string fingerprint(const Json& value);

}  // namespace junctor::json
