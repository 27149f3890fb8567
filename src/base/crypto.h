// Cryptographic primitives over OpenSSL, as values in, values out.
//
// Threads: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace junctor::crypto {

// md5 only where an old protocol asks for it (HTTP digest authentication).
enum class Digest { sha1, sha256, sha384, sha512, sha512_256, md5 };

std::string hash(Digest digest, std::string_view bytes);                        // raw bytes
std::string hmac(Digest digest, std::string_view key, std::string_view bytes);  // raw bytes
bool equal_constant_time(std::string_view a, std::string_view b);
std::string random_bytes(std::size_t count);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);     // padding required
std::string to_base64url(std::string_view bytes);                  // without padding (RFC 7515)
std::optional<std::string> from_base64url(std::string_view text);  // with or without padding

// AES-256-GCM (NIST SP 800-38D): 32-byte key, fresh random 12-byte nonce.
// Sealed form: nonce, ciphertext, 16-byte tag.
std::string seal(std::string_view key, std::string_view plaintext,
                 std::string_view associated_data);
// nullopt when the key, the associated data or a single bit differs.
std::optional<std::string> open(std::string_view key, std::string_view sealed,
                                std::string_view associated_data);

// Overwrites in a way the compiler may not leave out.
void wipe(std::string& bytes);

}  // namespace junctor::crypto
