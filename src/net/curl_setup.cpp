#include "net/curl_setup.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace junctor::curl_setup {
namespace {

// Requests with their credentials pass through what libcurl allocates; it gives nothing back as it
// was.
void give_back(void* block) {
  if (block == nullptr) return;
  OPENSSL_cleanse(block, malloc_usable_size(block));
  std::free(block);
}

void* move_to(void* block, std::size_t size_bytes) {
  if (block == nullptr) return std::malloc(size_bytes);
  void* larger = std::malloc(size_bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, std::min(size_bytes, malloc_usable_size(block)));
  give_back(block);
  return larger;
}

}  // namespace

void set_blob(CURL* handle, CURLoption option, std::string_view bytes) {
  curl_blob blob{};
  blob.data = const_cast<char*>(bytes.data());
  blob.len = bytes.size();
  blob.flags = CURL_BLOB_NOCOPY;
  set(handle, option, &blob);
}

std::chrono::microseconds microseconds(CURL* handle, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(handle, info, &value);
  return std::chrono::microseconds(value);
}

std::string address_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  }
  return text;
}

void throw_curl_failure(CURLcode code, std::string_view reason, const std::string& host) {
  const std::string detail =
      std::string(curl_easy_strerror(code)) + (reason.empty() ? "" : ": ") + std::string(reason);
  switch (code) {
    case CURLE_URL_MALFORMAT:
      throw Failure(FailureKind::invalid, "the URL cannot be called", detail);
    case CURLE_SSL_CERTPROBLEM:
      throw Failure(FailureKind::invalid, "the client certificate or its key cannot be used",
                    detail);
    case CURLE_SSL_CACERT_BADFILE:
      throw Failure(FailureKind::invalid, "the trusted certificates cannot be read", detail);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      throw Failure(FailureKind::denied, "the certificate of " + host + " cannot be trusted",
                    detail);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      throw Failure(FailureKind::unavailable, host + " does not answer in HTTP", detail);
    case CURLE_COULDNT_RESOLVE_HOST:
      throw Failure(FailureKind::unavailable, "cannot find the host " + host, detail);
    case CURLE_OPERATION_TIMEDOUT:
      throw Failure(FailureKind::timeout, "no connection to " + host + " in the time allowed",
                    detail);
    case CURLE_COULDNT_CONNECT:
      throw Failure(FailureKind::unavailable, "cannot connect to " + host, detail);
    case CURLE_SSL_CONNECT_ERROR:
      throw Failure(FailureKind::unavailable, "no TLS connection with " + host, detail);
    case CURLE_BAD_CONTENT_ENCODING:
      throw Failure(FailureKind::unavailable, "the answer of " + host + " cannot be decompressed",
                    detail);
    default:
      throw Failure(FailureKind::unavailable, "the connection with " + host + " broke", detail);
  }
}

void initialise() {
  // Constructed once by the first client, and never torn down: libcurl may still be in use on exit.
  static const CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, give_back,
                                                    move_to, ::strdup, std::calloc);
  JUNCTOR_CHECK(code == CURLE_OK);
}

}  // namespace junctor::curl_setup
