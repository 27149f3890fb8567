// Small functions around libcurl. Only for the net room.
//
// Threads: any thread.
#pragma once

#include <curl/curl.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>

#include "junctor/failure.h"

namespace junctor::curl_setup {

// curl_easy_setopt whose refusal is an error in this program.
template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  JUNCTOR_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

// The bytes must outlive the transfer.
void set_blob(CURL* handle, CURLoption option, std::string_view bytes);

std::chrono::microseconds microseconds(CURL* handle, CURLINFO info);

// "192.0.2.1"; empty for what is neither IPv4 nor IPv6.
std::string address_text(const sockaddr& address);

// What a failed transfer means to its caller. reason: libcurl's own text.
[[noreturn]] void throw_curl_failure(CURLcode code, std::string_view reason,
                                     const std::string& host);

// libcurl's global state, set up once before its first use.
void initialise();

}  // namespace junctor::curl_setup
