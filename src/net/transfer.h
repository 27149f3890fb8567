// One hop of a call: a libcurl handle, what goes out and what came in. Only for the net room.
//
// Threads: its loop. Lifetime: on the stack of the calling fiber; the engine lets go of it before
// it dies.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "junctor/fiber.h"
#include "net/client.h"

namespace junctor {

// The parts of an absolute URL that decide where a credential may go.
struct Origin {
  std::string scheme;
  std::string host;  // lower case, without a trailing dot
  std::string port;
  friend bool operator==(const Origin&, const Origin&) = default;
};

class Url final {
 public:
  // Throws Failure{invalid} unless it is an absolute http or https URL without user or password.
  explicit Url(const std::string& text);
  // What a Location means here. Throws Failure{denied} where the result is not as above.
  Url resolve(const std::string& location) const;
  const std::string& text() const { return text_; }
  const Origin& origin() const { return origin_; }

 private:
  std::string text_;  // normalised, without a fragment
  Origin origin_;
};

class Transfer final {
 public:
  // What changes from hop to hop of one call.
  struct Hop {
    Url url;
    std::string method{};
    Carried carried{};
  };

  Transfer(const HttpClientOptions& options, const ClientRequest& request, const Hop& hop,
           CURL* handle);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() { return handle_; }
  bool done() const { return done_; }
  // When the peer has been silent for too long: counted from the last byte of the request that
  // went out, so that a long upload is no silence; never while the caller's own upload waits.
  std::chrono::steady_clock::time_point head_due() const;

  // Engine: the transfer ended.
  void finish(CURLcode code);
  // Caller: one thing to do now, such as a piece to hand on; false when there is nothing but to
  // wait.
  bool work(Fiber& fiber);
  // Caller: the next notice, until the fiber's deadline.
  Woken wait(Fiber& fiber);

  // The answer, or what the code means as a Failure.
  ClientResponse take_response();
  // At the end: what is known of the answer, as far as nobody has taken it, and what it cost. Not the whole time.
  void note(ClientHop& hop);

 private:
  struct Callbacks;

  void set_up(const HttpClientOptions& options);
  void set_method_and_body();
  void set_headers(const HttpClientOptions& options);
  void add_header(const std::string& name, std::string_view value);
  void set_resolve(const HttpClientOptions& options);
  void set_tls(const HttpClientOptions& options);

  std::size_t take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  std::size_t give_upload(char* buffer, std::size_t most);
  bool permits(std::string_view address);
  bool may_go_out();
  void note_sent(curl_off_t bytes);
  void notify();
  bool streams_down() const { return request_.download && response_.status / 100 == 2; }
  [[noreturn]] void throw_failure();

  const AddressGuard& guard_;
  const ClientRequest& request_;
  const Hop& hop_;
  CURL* handle_;
  curl_slist* headers_ = nullptr;
  curl_slist* resolve_ = nullptr;
  std::string certificate_;
  char error_[CURL_ERROR_SIZE] = {};

  ClientResponse response_;
  int sent_times_ = 0;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool head_done_ = false;
  bool head_told_ = false;
  bool done_ = false;
  CURLcode code_ = CURLE_OK;
  std::optional<Failure> failure_;  // found by a callback
  std::optional<Waker> waker_;

  std::string down_;  // received and not handed on
  bool down_paused_ = false;
  std::function<std::size_t(Fiber&, std::span<char>)> upload_;
  std::string up_;  // to be sent: [up_begin_, size)
  std::size_t up_begin_ = 0;
  bool up_paused_ = false;
  bool up_ended_ = false;
  curl_off_t sent_bytes_ = 0;
  curl_off_t most_sent_bytes_ = 0;
  std::optional<std::chrono::steady_clock::time_point> sent_at_;  // once the connection stands
  std::chrono::steady_clock::time_point began_{};
  std::optional<std::chrono::steady_clock::time_point> first_byte_at_;
};

}  // namespace junctor
