// Signatures whose key is public: the provider keeps the other half.
//
// Threads: any thread.
#pragma once

#include <string_view>

namespace junctor::webhook {

// key: 32 bytes as hex or base64. signature: 64 raw bytes (RFC 8032).
bool verify_ed25519(std::string_view key, std::string_view text, std::string_view signature);

// key: SubjectPublicKeyInfo as base64 of its DER, or PEM. signature: DER, over SHA-256 of the text.
bool verify_ecdsa_sha256(std::string_view key, std::string_view text, std::string_view signature);

}  // namespace junctor::webhook
