// One libcurl multi handle on one loop. Only for the net room.
//
// Its sockets stand in an epoll set of their own, which is a single descriptor to the loop: libcurl
// wants readiness by level, and its sockets come and go with every call.
//
// Threads: its loop. Lifetime: owned by the loop's CurlService; the loop outlives it.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/client.h"

namespace junctor {

class Transfer;

class CurlEngine final : public std::enable_shared_from_this<CurlEngine> {
 public:
  CurlEngine(boost::asio::io_context& context, const HttpClientOptions& options);
  ~CurlEngine();
  CurlEngine(const CurlEngine&) = delete;
  CurlEngine& operator=(const CurlEngine&) = delete;

  void start();
  // A handle from the store, and back.
  CURL* borrow();
  void give_back(CURL* handle);

  void add(Transfer& transfer);
  // Also in the middle: its connection is closed then.
  void remove(Transfer& transfer);

 private:
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  void wait_for_sockets();
  void serve_sockets();
  void open_multi();
  void close_multi();
  void arm_timer();
  void arm_rest();
  void act(curl_socket_t fd, int events);
  void collect();

  boost::asio::io_context& context_;
  const long most_per_host_;
  const long most_connections_;
  const std::chrono::milliseconds rest_after_;
  CURLM* multi_ = nullptr;
  boost::asio::posix::stream_descriptor sockets_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point due_ = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point armed_ = std::chrono::steady_clock::time_point::max();
  bool kicked_ = false;
  std::vector<CURL*> idle_;
  std::size_t borrowed_ = 0;
  boost::asio::steady_timer rest_timer_;
  std::chrono::steady_clock::time_point rest_at_;  // while nothing is borrowed
  bool rest_armed_ = false;
};

// The engines of one loop, by client. Ends with the loop.
class CurlService final : public boost::asio::execution_context::service {
 public:
  using key_type = CurlService;
  static boost::asio::execution_context::id id;

  explicit CurlService(boost::asio::execution_context& context) : service(context) {}
  std::shared_ptr<CurlEngine>& engine(std::uint64_t client) { return engines_[client]; }
  void drop(std::uint64_t client) { engines_.erase(client); }

 private:
  void shutdown() override { engines_.clear(); }
  std::unordered_map<std::uint64_t, std::shared_ptr<CurlEngine>> engines_;
};

}  // namespace junctor
