#include "connector/redis_cache.h"

#include <hiredis/hiredis.h>

#include <array>
#include <boost/url/parse.hpp>
#include <charconv>

#include "async/stream.h"
#include "async/tls_stream.h"
#include "base/crypto.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::connector {
namespace {

constexpr std::size_t most_reply_bytes = RedisCache::most_value_bytes + 64 * 1024;

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string encoded(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* target = nullptr;
  const int size = redisFormatCommandArgv(&target, static_cast<int>(words.size()), texts.data(), sizes.data());
  JUNCTOR_CHECK(size > 0);
  std::string out(target, static_cast<std::size_t>(size));
  redisFreeCommand(target);
  return out;
}

std::int64_t steady_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string name_of(const TenantId& tenant, const std::string& key) {
  const std::string both = std::to_string(tenant.text().size()) + ":" + tenant.text() + ":" + key;
  return "junctor:" + crypto::to_hex(crypto::hash(crypto::Digest::sha256, both));
}

[[noreturn]] void bad_url(const std::string& what) {
  throw Failure(FailureKind::invalid,
                "redis_url: " + what + "; expected redis://[[user]:password@]host[:port][/database] or rediss://…");
}

}  // namespace

RedisAddress RedisAddress::parse(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) bad_url("it is no URL");
  RedisAddress out;
  if (parsed->scheme() == "rediss") out.secure = true;
  else if (parsed->scheme() != "redis") bad_url("its scheme is neither redis nor rediss");
  out.host = parsed->host_address();
  if (out.host.empty()) bad_url("it names no host");
  if (parsed->has_port()) {
    out.port = parsed->port_number();
    if (out.port == 0) bad_url("its port is no port");
  }
  out.user = parsed->user();
  out.password = Secret(parsed->password());
  const std::string path = parsed->path();
  if (path.size() > 1) {
    const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), out.database);
    if (error != std::errc() || end != path.data() + path.size() || out.database < 0)
      bad_url("its path is no number of a database");
  }
  return out;
}

class RedisCache::Connection final {
 public:
  static std::unique_ptr<Connection> open(Fiber& fiber, const RedisAddress& address) {
    auto stream = connect(fiber, address.host, address.port);
    if (address.secure) stream = TlsClient().connect(fiber, std::move(stream), address.host);
    auto out = std::make_unique<Connection>(std::move(stream));
    if (!address.password.empty()) {
      std::vector<std::string> words{"AUTH"};
      if (!address.user.empty()) words.push_back(address.user);
      words.emplace_back(address.password.reveal());
      out->require_ok(fiber, words);
      crypto::wipe(words.back());
    }
    if (address.database != 0) out->require_ok(fiber, {"SELECT", std::to_string(address.database)});
    return out;
  }

  explicit Connection(std::unique_ptr<Stream> stream) : stream_(std::move(stream)), reader_(redisReaderCreate()) {}

  Reply ask(Fiber& fiber, const std::vector<std::string>& words) {
    std::string bytes = encoded(words);
    stream_->write(fiber, bytes);
    if (words.front() == "AUTH") crypto::wipe(bytes);
    std::array<char, 16 * 1024> buffer;
    for (std::size_t total = 0;;) {
      void* reply = nullptr;
      if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK)
        throw Failure(FailureKind::unavailable, "Redis answered something that is not its protocol", reader_->errstr);
      if (reply != nullptr) return Reply(static_cast<redisReply*>(reply));
      const std::size_t size = stream_->read_some(fiber, buffer);
      total += size;
      if (size == 0) throw Failure(FailureKind::unavailable, "Redis closed the connection");
      if (total > most_reply_bytes) throw Failure(FailureKind::too_large, "Redis answered more than was put there");
      if (redisReaderFeed(reader_.get(), buffer.data(), size) != REDIS_OK)
        throw Failure(FailureKind::unavailable, "Redis answered something that is not its protocol", reader_->errstr);
    }
  }

 private:
  void require_ok(Fiber& fiber, const std::vector<std::string>& words) {
    const Reply reply = ask(fiber, words);
    if (reply->type == REDIS_REPLY_ERROR)
      throw Failure(FailureKind::denied, "Redis refused " + words.front(), std::string(reply->str, reply->len));
  }

  std::unique_ptr<Stream> stream_;
  std::unique_ptr<redisReader, FreeReader> reader_;
};

RedisCache::RedisCache(RedisAddress address) : address_(std::move(address)) {}
RedisCache::~RedisCache() = default;

std::optional<Json> RedisCache::get(Fiber& fiber, const TenantId& tenant, const std::string& key) {
  const auto text = command(fiber, {"GET", name_of(tenant, key)});
  if (!text) return std::nullopt;
  auto parsed = json::parse(*text);
  return parsed ? std::optional(std::move(parsed).value()) : std::nullopt;
}

void RedisCache::put(Fiber& fiber, const TenantId& tenant, const std::string& key, const Json& value,
                     std::chrono::milliseconds ttl) {
  std::string text = json::to_text(value);
  if (text.size() > most_value_bytes) return;
  command(fiber, {"SET", name_of(tenant, key), std::move(text), "PX", std::to_string(std::max<std::int64_t>(1, ttl.count()))});
}

// A text, or nothing. A connection that was kept may have been closed by the server meanwhile: then once
// more with a fresh one, which is safe for GET and SET.
std::optional<std::string> RedisCache::command(Fiber& fiber, const std::vector<std::string>& words) {
  if (steady_milliseconds() < away_until_.load())
    throw Failure(FailureKind::unavailable, "Redis was away a moment ago");
  try {
    const DeadlineScope limit(fiber, patience);
    auto connection = take(fiber);
    const bool kept = connection != nullptr;
    if (!kept) connection = Connection::open(fiber, address_);
    Reply reply;
    try {
      reply = connection->ask(fiber, words);
    } catch (const Failure& failure) {
      if (!kept || failure.kind() != FailureKind::unavailable) throw;
      connection.reset();
    }
    if (!reply) {
      connection = Connection::open(fiber, address_);
      reply = connection->ask(fiber, words);
    }
    give_back(fiber, std::move(connection));
    if (reply->type == REDIS_REPLY_ERROR)
      throw Failure(FailureKind::unavailable, "Redis refused the command", std::string(reply->str, reply->len));
    if (reply->type != REDIS_REPLY_STRING) return std::nullopt;
    return std::string(reply->str, reply->len);
  } catch (const Failure& failure) {
    if (failure.kind() != FailureKind::cancelled && failure.kind() != FailureKind::too_large)
      away_until_ = steady_milliseconds() + pause.count();
    throw;
  }
}

std::unique_ptr<RedisCache::Connection> RedisCache::take(Fiber& fiber) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[&fiber.loop()];
  if (idle.empty()) return nullptr;
  auto out = std::move(idle.back());
  idle.pop_back();
  return out;
}

void RedisCache::give_back(Fiber& fiber, std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[&fiber.loop()];
  if (idle.size() < most_idle) idle.push_back(std::move(connection));
}

void RedisCache::close() {
  std::map<Loop*, std::vector<std::unique_ptr<Connection>>> all;
  const std::lock_guard lock(mutex_);
  all.swap(idle_);
}

}  // namespace junctor::connector
