#include "auth/oauth/discovery.h"

#include <fmt/format.h>

#include "json/parse.h"
#include "net/client.h"

namespace junctor::auth {
namespace {

constexpr std::chrono::milliseconds whole_limit{10'000};

std::string text_member(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

struct Discovery::Document {
  Signal changed;
  // Guarded by Discovery::mutex_.
  std::shared_ptr<const std::string> text;
  Timestamp fetched_at{};
  Timestamp tried_at{};
  Timestamp again_at{};  // fetched although it was fresh
  bool fetching = false;
};

Discovery::Discovery(HttpClient& client, const Clock& clock, DiscoveryOptions options)
    : client_(client), clock_(clock), options_(options) {}

OAuthEndpoints Discovery::metadata(Fiber& fiber, const std::string& issuer) {
  const std::string base = issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
  const auto text = fetch(fiber, base + "/.well-known/openid-configuration", Keys::cached);
  const auto parsed = json::parse(*text, {.max_depth = 16, .max_bytes = Jwks::most_bytes});
  if (!parsed || !parsed.value().is_object())
    throw Failure(
        FailureKind::unavailable,
        fmt::format("{} publishes no readable OpenID configuration", printable(issuer, 200)));
  const JsonObject& object = parsed.value().as_object();
  OAuthEndpoints out{text_member(object, "issuer"),
                     text_member(object, "authorization_endpoint"),
                     text_member(object, "token_endpoint"),
                     text_member(object, "device_authorization_endpoint"),
                     text_member(object, "revocation_endpoint"),
                     text_member(object, "jwks_uri"),
                     AnswersNameIssuer::no};
  const Json* named = object.if_contains("authorization_response_iss_parameter_supported");
  if (named != nullptr && named->is_bool() && named->as_bool())
    out.answers_name_issuer = AnswersNameIssuer::yes;
  if (out.issuer != issuer)
    throw Failure(
        FailureKind::invalid,
        fmt::format("the OpenID configuration of {} names the issuer {}; declare that one",
                    printable(issuer, 200), printable(out.issuer, 200)));
  return out;
}

std::shared_ptr<const Jwks> Discovery::keys(Fiber& fiber, const std::string& url, Keys wish) {
  const auto text = fetch(fiber, url, wish);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = parsed_.find(url); found != parsed_.end() && found->second.first == text)
      return found->second.second;
  }
  auto keys = Jwks::parse(*text);
  if (!keys)
    throw Failure(FailureKind::unavailable, fmt::format("{} is no key set", printable(url, 200)),
                  to_string(keys.problems()));
  auto shared = std::make_shared<const Jwks>(std::move(keys).value());
  const std::lock_guard lock(mutex_);
  parsed_[url] = {text, shared};
  return shared;
}

std::uint64_t Discovery::fetches() const {
  const std::lock_guard lock(mutex_);
  return fetches_;
}

std::shared_ptr<Discovery::Document> Discovery::document(const std::string& url) {
  if (documents_.size() >= options_.most_documents && !documents_.contains(url)) {
    documents_.clear();
    parsed_.clear();
  }
  auto& slot = documents_[url];
  if (!slot) slot = std::make_shared<Document>();
  return slot;
}

std::shared_ptr<const std::string> Discovery::fetch(Fiber& fiber, const std::string& url,
                                                    Keys wish) {
  std::shared_ptr<Document> entry;
  for (;;) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      entry = document(url);
      const Timestamp now = clock_.now();
      const bool fresh = entry->text && now - entry->fetched_at < options_.fresh_for;
      // An unknown key right after the document came is the usual sight of a rollover: only a
      // second one has to wait.
      const Timestamp last = fresh ? entry->again_at : entry->tried_at;
      const bool paused = entry->text && now - last < options_.refetch_pause;
      if ((fresh && wish == Keys::cached) || paused) return entry->text;
      if (!entry->fetching) {
        entry->fetching = true;
        entry->tried_at = now;
        if (fresh) entry->again_at = now;
        ++fetches_;
        break;
      }
      seen = entry->changed.count();
    }
    entry->changed.wait(fiber, seen);
    wish = Keys::cached;
  }
  std::exception_ptr error;
  std::shared_ptr<const std::string> text;
  try {
    text = std::make_shared<const std::string>(download(fiber, url));
  } catch (const Failure&) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  entry->fetching = false;
  if (text) {
    entry->text = text;
    entry->fetched_at = clock_.now();
  } else if (entry->text && clock_.now() - entry->fetched_at < options_.stale_for) {
    text = entry->text;
  }
  entry->changed.notify_all();
  if (!text) std::rethrow_exception(error);
  return text;
}

std::string Discovery::download(Fiber& fiber, const std::string& url) {
  ClientRequest request;
  request.url = url;
  request.header("Accept", "application/json");
  request.timeouts.whole = whole_limit;
  request.most_response_bytes = Jwks::most_bytes;
  request.most_redirects = 3;
  ClientResponse answer = client_.send(fiber, request);
  if (answer.status != 200)
    throw Failure(FailureKind::unavailable,
                  fmt::format("{} answered {}", printable(url, 200), answer.status));
  return std::move(answer.body);
}

}  // namespace junctor::auth
