#include "net/curl_engine.h"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "net/curl_setup.h"
#include "net/transfer.h"

namespace junctor {
namespace {

constexpr std::size_t most_idle_handles = 64;
using Clock = std::chrono::steady_clock;

template <typename Value>
void set(CURLM* multi, CURLMoption option, Value value) {
  JUNCTOR_CHECK(curl_multi_setopt(multi, option, value) == CURLM_OK);
}

}  // namespace

boost::asio::execution_context::id CurlService::id;

CurlEngine::CurlEngine(boost::asio::io_context& context, const HttpClientOptions& options)
    : context_(context),
      most_per_host_(static_cast<long>(options.most_connections_per_host)),
      most_connections_(static_cast<long>(options.most_connections)),
      rest_after_(options.rest_after),
      sockets_(context, epoll_create1(EPOLL_CLOEXEC)),
      timer_(context),
      rest_timer_(context) {
  open_multi();
}

CurlEngine::~CurlEngine() { close_multi(); }

void CurlEngine::open_multi() {
  multi_ = curl_multi_init();
  JUNCTOR_CHECK(multi_ != nullptr);
  set(multi_, CURLMOPT_SOCKETFUNCTION, &CurlEngine::on_socket);
  set(multi_, CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  set(multi_, CURLMOPT_TIMERFUNCTION, &CurlEngine::on_timer);
  set(multi_, CURLMOPT_TIMERDATA, static_cast<void*>(this));
  // One call at a time on a connection, over HTTP/2 too: with several, libcurl 7.88 (Debian 12) leaves
  // some waiting for ever or cuts them short; its own command does so with `curl -Z`.
  set(multi_, CURLMOPT_PIPELINING, long{CURLPIPE_NOTHING});
  set(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, most_per_host_);
  set(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, most_connections_);
  set(multi_, CURLMOPT_MAXCONNECTS, most_connections_);
}

// With every connection that was kept.
void CurlEngine::close_multi() {
  for (CURL* handle : idle_) curl_easy_cleanup(handle);
  idle_.clear();
  curl_multi_cleanup(multi_);
  due_ = Clock::time_point::max();
}

void CurlEngine::start() { wait_for_sockets(); }

CURL* CurlEngine::borrow() {
  CURL* handle = nullptr;
  if (idle_.empty()) {
    handle = curl_easy_init();
    JUNCTOR_CHECK(handle != nullptr);
  } else {
    handle = idle_.back();
    idle_.pop_back();
  }
  ++borrowed_;
  return handle;
}

void CurlEngine::give_back(CURL* handle) {
  if (idle_.size() < most_idle_handles) {
    idle_.push_back(handle);
  } else {
    curl_easy_cleanup(handle);
  }
  if (--borrowed_ > 0) return;
  rest_at_ = Clock::now() + rest_after_;
  arm_rest();
}

// As with the other timer, one that fires too early looks again.
void CurlEngine::arm_rest() {
  if (rest_armed_) return;
  rest_armed_ = true;
  rest_timer_.expires_at(rest_at_);
  rest_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->rest_armed_ = false;
    if (self->borrowed_ > 0) return;
    if (Clock::now() < self->rest_at_) return self->arm_rest();
    self->close_multi();
    self->open_multi();
  });
}

void CurlEngine::add(Transfer& transfer) {
  JUNCTOR_CHECK(curl_multi_add_handle(multi_, transfer.handle()) == CURLM_OK);
}

void CurlEngine::remove(Transfer& transfer) { curl_multi_remove_handle(multi_, transfer.handle()); }

int CurlEngine::on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
  auto& engine = *static_cast<CurlEngine*>(self);
  const int set_of = engine.sockets_.native_handle();
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(set_of, EPOLL_CTL_DEL, fd, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events = (what & CURL_POLL_IN ? std::uint32_t{EPOLLIN} : 0u) |
                 (what & CURL_POLL_OUT ? std::uint32_t{EPOLLOUT} : 0u);
  event.data.fd = fd;
  if (epoll_ctl(set_of, known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0 &&
      errno == ENOENT)
    epoll_ctl(set_of, EPOLL_CTL_ADD, fd, &event);
  if (known == nullptr) curl_multi_assign(engine.multi_, fd, self);
  return 0;
}

void CurlEngine::wait_for_sockets() {
  sockets_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [weak = weak_from_this()](const boost::system::error_code& error) {
                        const auto self = weak.lock();
                        if (error || !self) return;
                        self->serve_sockets();
                        self->wait_for_sockets();
                      });
}

void CurlEngine::serve_sockets() {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(sockets_.native_handle(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const int mask = (event.events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                     (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                     (event.events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    act(event.data.fd, mask);
  }
  collect();
}

int CurlEngine::on_timer(CURLM*, long milliseconds, void* self) {
  auto& engine = *static_cast<CurlEngine*>(self);
  if (milliseconds < 0) {
    engine.due_ = Clock::time_point::max();
    return 0;
  }
  if (milliseconds > 0) {
    engine.due_ = Clock::now() + std::chrono::milliseconds(milliseconds);
    engine.arm_timer();
    return 0;
  }
  // libcurl may not be called from inside its own callback.
  if (engine.kicked_) return 0;
  engine.kicked_ = true;
  boost::asio::post(engine.context_, [weak = engine.weak_from_this()] {
    const auto kicked = weak.lock();
    if (!kicked) return;
    kicked->kicked_ = false;
    kicked->act(CURL_SOCKET_TIMEOUT, 0);
    kicked->collect();
  });
  return 0;
}

// A timer that stands earlier than needed stays: it looks again when it fires. libcurl moves its
// due time with every call, nearly always to later.
void CurlEngine::arm_timer() {
  if (armed_ <= due_) return;
  armed_ = due_;
  timer_.expires_at(due_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->armed_ = Clock::time_point::max();
    if (self->due_ == Clock::time_point::max()) return;
    if (Clock::now() < self->due_) return self->arm_timer();
    self->due_ = Clock::time_point::max();
    self->act(CURL_SOCKET_TIMEOUT, 0);
    self->collect();
  });
}

void CurlEngine::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
}

void CurlEngine::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    static_cast<Transfer*>(transfer)->finish(message->data.result);
  }
}

}  // namespace junctor
