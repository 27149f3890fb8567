#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <memory>

#include "junctor/failure.h"

namespace junctor::crypto {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t key_bytes = 32;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const EVP_MD* algorithm(Digest digest) {
  switch (digest) {
    case Digest::sha1:
      return EVP_sha1();
    case Digest::sha256:
      return EVP_sha256();
    case Digest::sha384:
      return EVP_sha384();
    case Digest::sha512:
      return EVP_sha512();
    case Digest::sha512_256:
      return EVP_sha512_256();
    case Digest::md5:
      return EVP_md5();
  }
  return EVP_sha256();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(bool ok) {
  if (!ok) throw Failure(FailureKind::bug, "a cryptographic operation failed");
}

std::string decode_base64(std::string_view text, std::string_view alphabet, bool& ok) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return ok = false, std::string();
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((count += 6) >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  ok = count < 6 && (bits & ((1u << count) - 1)) == 0;
  return out;
}

std::string encode_base64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6;) out.push_back(alphabet[bits >> (count -= 6) & 63]);
  }
  if (count > 0) out.push_back(alphabet[bits << (6 - count) & 63]);
  return out;
}

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string hash(Digest digest, std::string_view bytes) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), &size, algorithm(digest), nullptr));
  out.resize(size);
  return out;
}

std::string hmac(Digest digest, std::string_view key, std::string_view bytes) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  require(HMAC(algorithm(digest), key.data(), static_cast<int>(key.size()), bytes_of(bytes),
               bytes.size(), bytes_of(out), &size) != nullptr);
  out.resize(size);
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  require(RAND_bytes(bytes_of(out), static_cast<int>(count)) == 1);
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto c = static_cast<unsigned char>(byte);
    out.push_back(digits[c >> 4]);
    out.push_back(digits[c & 15]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out = encode_base64(bytes, standard_alphabet);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  bool ok = true;
  std::string out = decode_base64(text, standard_alphabet, ok);
  return ok ? std::optional(std::move(out)) : std::nullopt;
}

std::string to_base64url(std::string_view bytes) { return encode_base64(bytes, url_alphabet); }

std::optional<std::string> from_base64url(std::string_view text) {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  bool ok = true;
  std::string out = decode_base64(text, url_alphabet, ok);
  return ok ? std::optional(std::move(out)) : std::nullopt;
}

std::string seal(std::string_view key, std::string_view plaintext,
                 std::string_view associated_data) {
  JUNCTOR_CHECK(key.size() == key_bytes);
  std::string out = random_bytes(nonce_bytes);
  out.resize(nonce_bytes + plaintext.size() + tag_bytes);
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  unsigned char* cursor = bytes_of(out) + nonce_bytes;
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                             bytes_of(out)) == 1);
  require(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(associated_data),
                            static_cast<int>(associated_data.size())) == 1);
  require(EVP_EncryptUpdate(context.get(), cursor, &size, bytes_of(plaintext),
                            static_cast<int>(plaintext.size())) == 1);
  require(EVP_EncryptFinal_ex(context.get(), cursor + size, &size) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                              cursor + plaintext.size()) == 1);
  return out;
}

std::optional<std::string> open(std::string_view key, std::string_view sealed,
                                std::string_view associated_data) {
  JUNCTOR_CHECK(key.size() == key_bytes);
  if (sealed.size() < nonce_bytes + tag_bytes) return std::nullopt;
  const std::size_t size_bytes = sealed.size() - nonce_bytes - tag_bytes;
  std::string out(size_bytes, '\0');
  std::string tag(sealed.substr(sealed.size() - tag_bytes));
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                             bytes_of(sealed)) == 1);
  require(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(associated_data),
                            static_cast<int>(associated_data.size())) == 1);
  require(EVP_DecryptUpdate(context.get(), bytes_of(out), &size, bytes_of(sealed) + nonce_bytes,
                            static_cast<int>(size_bytes)) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), bytes_of(out) + size, &size) != 1) {
    wipe(out);
    return std::nullopt;
  }
  return out;
}

void wipe(std::string& bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace junctor::crypto
