#include "net/client.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <mutex>

#include "async/loop.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/curl_engine.h"
#include "net/curl_setup.h"
#include "net/transfer.h"

namespace junctor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How long a peer that has nothing to hand on keeps anybody from seeing that nobody waits for its answer any more.
constexpr milliseconds look_again{1000};

std::uint64_t next_client() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool has_body(const ClientRequest& request) {
  if (request.upload) return true;
  if (const auto* secret = std::get_if<Secret>(&request.body)) return !secret->empty();
  return !std::get<std::string>(request.body).empty();
}

// A handle in use: borrowed, in the engine while it runs, given back whatever happens.
class Borrowed final {
 public:
  explicit Borrowed(CurlEngine& engine) : engine_(engine), handle_(engine.borrow()) {}
  ~Borrowed() { engine_.give_back(handle_); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  CURL* get() { return handle_; }

 private:
  CurlEngine& engine_;
  CURL* handle_;
};

// Notes what a hop came to, however it ends.
class Noting final {
 public:
  Noting(Transfer& transfer, ClientHop& hop) : transfer_(transfer), hop_(hop) {}
  ~Noting() {
    transfer_.note(hop_);
    hop_.timings.total = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
  }
  Noting(const Noting&) = delete;
  Noting& operator=(const Noting&) = delete;

 private:
  Transfer& transfer_;
  ClientHop& hop_;
  const Clock::time_point began_ = Clock::now();
};

class Running final {
 public:
  Running(CurlEngine& engine, Transfer& transfer) : engine_(engine), transfer_(transfer) {
    engine_.add(transfer_);
  }
  ~Running() { engine_.remove(transfer_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  CurlEngine& engine_;
  Transfer& transfer_;
};

std::string seconds(milliseconds limit) {
  std::string text = std::to_string(static_cast<double>(limit.count()) / 1000.0);
  text.erase(text.find_last_not_of('0') + 1);
  return (text.ends_with('.') ? text + "0" : text) + " s";
}

bool is_credential(const ClientHeader& header) {
  return std::holds_alternative<Secret>(header.value) ||
         equal_ignoring_case(header.name, "Authorization") ||
         equal_ignoring_case(header.name, "Cookie") ||
         equal_ignoring_case(header.name, "Proxy-Authorization");
}

// Where a redirect leads, and what goes along.
Transfer::Hop next_hop(const ClientRequest& request, const Transfer::Hop& hop, int status,
                       const std::string& location) {
  Transfer::Hop next = hop;
  next.url = hop.url.resolve(location);
  const bool same_origin = next.url.origin() == hop.url.origin();
  const bool rewritten = (status == 303 && hop.method != "GET" && hop.method != "HEAD") ||
                         ((status == 301 || status == 302) && hop.method == "POST");
  if (rewritten) {
    next.method = "GET";
    next.carried.body = false;
  }
  if (!same_origin) next.carried.credentials = false;
  const std::string& host = hop.url.origin().host;
  if (hop.url.origin().scheme == "https" && next.url.origin().scheme != "https")
    throw Failure(FailureKind::denied, host + " redirects from https to http");
  if (next.carried.body && has_body(request)) {
    if (!same_origin)
      throw Failure(FailureKind::denied, host + " redirects a request with a body to another host");
    if (request.upload && !request.rewind)
      throw Failure(FailureKind::unsupported,
                    host + " redirects an upload, which cannot be repeated");
  }
  return next;
}

}  // namespace

bool goes_along(const ClientHeader& header, const Carried& carried) {
  const bool about_body = header.name.size() > 8 && equal_ignoring_case(header.name.substr(0, 8), "Content-");
  return (carried.credentials || !is_credential(header)) && (carried.body || !about_body);
}

ClientRequest& ClientRequest::header(std::string name, std::string value) & {
  headers.push_back({std::move(name), std::move(value)});
  return *this;
}

ClientRequest& ClientRequest::header(std::string name, Secret value) & {
  headers.push_back({std::move(name), std::move(value)});
  return *this;
}

struct HttpClient::State {
  explicit State(HttpClientOptions given) : options(std::move(given)) {}

  std::shared_ptr<CurlEngine> engine(Loop& loop) {
    auto& engine = boost::asio::use_service<CurlService>(loop.context()).engine(id);
    if (!engine) {
      engine = std::make_shared<CurlEngine>(loop.context(), options);
      engine->start();
      std::lock_guard lock(mutex);
      used.push_back({&loop, engine});
    }
    return engine;
  }

  ClientResponse run(Fiber& fiber, const ClientRequest& request, const Transfer::Hop& hop,
                     Clock::time_point& ends, ClientHop& note);

  const std::uint64_t id = next_client();
  const HttpClientOptions options;
  struct Use {
    Loop* loop;
    std::weak_ptr<CurlEngine> engine;  // gone: so is the loop
  };
  std::mutex mutex;
  std::vector<Use> used;
};

HttpClient::HttpClient(HttpClientOptions options) {
  curl_setup::initialise();
  state_ = std::make_shared<State>(std::move(options));
}

HttpClient::~HttpClient() {
  std::lock_guard lock(state_->mutex);
  for (const State::Use& use : state_->used)
    if (use.engine.lock())
      use.loop->post([loop = use.loop, id = state_->id] {
        boost::asio::use_service<CurlService>(loop->context()).drop(id);
      });
}

ClientResponse HttpClient::send(Fiber& fiber, const ClientRequest& request) {
  std::vector<ClientHop> hops;
  return send(fiber, request, hops);
}

ClientResponse HttpClient::send(Fiber& fiber, const ClientRequest& request,
                                std::vector<ClientHop>& hops) {
  hops.clear();
  auto ends = Clock::now() + request.timeouts.whole;
  Transfer::Hop hop{.url = Url(request.url), .method = request.method};
  for (int redirects = 0;; ++redirects) {
    hops.push_back({hop.method, hop.url.text(), hop.carried, 0, {}, {}});
    ClientResponse response = state_->run(fiber, request, hop, ends, hops.back());
    response.timings = hops.back().timings;
    const auto location = response.headers.get("Location");
    const bool follow = request.most_redirects > 0 && is_redirect(response.status) && location;
    if (!follow) {
      response.method = hop.method;
      return response;
    }
    const std::string leads_to(*location);
    hops.back().headers = std::move(response.headers);
    if (redirects == request.most_redirects)
      throw Failure(FailureKind::unavailable, hop.url.origin().host + " redirects more than " +
                                                  std::to_string(request.most_redirects) +
                                                  " times");
    hop = next_hop(request, hop, response.status, leads_to);
    if (hop.carried.body && request.upload) request.rewind();
  }
}

ClientResponse HttpClient::State::run(Fiber& fiber, const ClientRequest& request,
                                      const Transfer::Hop& hop, Clock::time_point& ends,
                                      ClientHop& note) {
  fiber.check();
  const auto mine = engine(fiber.loop());
  Borrowed handle(*mine);
  Transfer transfer(options, request, hop, handle.get());
  const Noting noting(transfer, note);
  const Running running(*mine, transfer);
  while (!transfer.done()) {
    fiber.check();
    const auto limit = std::min(ends, transfer.head_due());
    const auto left = std::chrono::ceil<milliseconds>(limit - Clock::now());
    if (left.count() <= 0) break;
    const auto from = Clock::now();
    if (transfer.work(fiber)) {
      ends += Clock::now() - from;  // the caller's own time
      continue;
    }
    const DeadlineScope deadline(fiber, std::min(left, look_again));
    const bool nothing_new = transfer.wait(fiber) == Woken::by_deadline;
    if (nothing_new && request.caller_ended && request.caller_ended())
      throw Failure(FailureKind::cancelled, "the caller left before " + hop.url.origin().host + " had answered; the call was given up");
  }
  if (!transfer.done()) {
    const std::string& host = hop.url.origin().host;
    throw Failure(FailureKind::timeout,
                  ends <= transfer.head_due()
                      ? "the call to " + host + " took longer than " +
                            seconds(request.timeouts.whole)
                      : host + " sent no answer within " + seconds(request.timeouts.first_byte));
  }
  while (transfer.work(fiber)) {
  }
  return transfer.take_response();
}

}  // namespace junctor
