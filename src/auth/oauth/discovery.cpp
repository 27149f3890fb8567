#include "auth/oauth/discovery.h"

#include <fmt/format.h>

#include "auth/oauth/flight.h"
#include "json/parse.h"
#include "net/client.h"

namespace junctor::auth {
namespace {

constexpr std::chrono::milliseconds whole_limit{10'000};

std::string text_member(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

// The same for an issuer with a slash at its end and without one.
std::string metadata_url(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

[[noreturn]] void refuse_issuer(std::string_view asked, std::string_view named) {
  throw Failure(FailureKind::invalid,
                fmt::format("the OpenID configuration of {} names the issuer {}; declare that one",
                            printable(asked, 200), printable(named, 200)));
}

// Of the issuer that asks first. How exactly it is spelt is for each who uses the document.
OAuthEndpoints read_metadata(const std::string& issuer, const std::string& text) {
  const auto parsed = json::parse(text, {.max_depth = 16, .max_bytes = Jwks::most_bytes});
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
  const Json* aliases = object.if_contains("mtls_endpoint_aliases");
  if (aliases != nullptr && aliases->is_object()) {
    const JsonObject& alias = aliases->as_object();
    out.mtls_token = text_member(alias, "token_endpoint");
    out.mtls_device_authorization = text_member(alias, "device_authorization_endpoint");
    out.mtls_revocation = text_member(alias, "revocation_endpoint");
  }
  const Json* named = object.if_contains("authorization_response_iss_parameter_supported");
  if (named != nullptr && named->is_bool() && named->as_bool())
    out.answers_name_issuer = AnswersNameIssuer::yes;
  if (out.authorization.empty() && out.token.empty() && out.device_authorization.empty() && out.jwks.empty())
    throw Failure(FailureKind::unavailable,
                  fmt::format("the OpenID configuration of {} names no endpoint", printable(issuer, 200)));
  if (metadata_url(out.issuer) != metadata_url(issuer)) refuse_issuer(issuer, out.issuer);
  return out;
}

Jwks read_keys(const std::string& url, const std::string& text) {
  auto keys = Jwks::parse(text);
  if (!keys)
    throw Failure(FailureKind::unavailable, fmt::format("{} is no key set", printable(url, 200)),
                  to_string(keys.problems()));
  return std::move(keys).value();
}

}  // namespace

// Guarded by Discovery::mutex_.
template <class Content>
struct Discovery::Document {
  using Fetch = Flight<std::shared_ptr<const Content>>;
  std::shared_ptr<const Content> content;
  std::optional<Failure> failure;  // of the last fetch
  std::shared_ptr<Fetch> under_way;
  Timestamp fetched_at{};
  Timestamp tried_at{};
  Timestamp again_at{};  // fetched although it was fresh
};

Discovery::Discovery(HttpClient& client, const Clock& clock, DiscoveryOptions options)
    : client_(client),
      clock_(clock),
      options_(options),
      loop_("discovery"),
      scope_(std::make_unique<Scope>(loop_.loop(), "discovery")) {}

Discovery::~Discovery() { scope_->stop_blocking(); }

OAuthEndpoints Discovery::metadata(Fiber& fiber, const std::string& issuer) {
  const auto document = get<OAuthEndpoints>(
      fiber, metadata_, metadata_url(issuer), Keys::cached,
      [issuer](const std::string& text) { return read_metadata(issuer, text); });
  if (document->issuer != issuer) refuse_issuer(issuer, document->issuer);
  return *document;
}

std::shared_ptr<const Jwks> Discovery::keys(Fiber& fiber, const std::string& url, Keys wish) {
  return get<Jwks>(fiber, keys_, url, wish,
                   [url](const std::string& text) { return read_keys(url, text); });
}

std::uint64_t Discovery::fetches() const {
  const std::lock_guard lock(mutex_);
  return fetches_;
}

template <class Content>
bool Discovery::is_usable(const Document<Content>& document) const {
  return document.content && clock_.now() - document.fetched_at < options_.stale_for;
}

template <class Content>
std::shared_ptr<const Content> Discovery::get(Fiber& fiber, Documents<Content>& documents,
                                              const std::string& url, Keys wish,
                                              Reader<Content> read) {
  std::shared_ptr<typename Document<Content>::Fetch> under_way;
  {
    const std::lock_guard lock(mutex_);
    if (documents.size() >= options_.most_documents && !documents.contains(url)) documents.clear();
    auto& document = documents[url];
    if (!document) document = std::make_shared<Document<Content>>();
    const Timestamp now = clock_.now();
    const bool fresh = document->content && now - document->fetched_at < options_.fresh_for;
    if (fresh && wish == Keys::cached) return document->content;
    if (!document->under_way) {
      // An unknown key right after the document came is the usual sight of a rollover: only a
      // second one has to wait.
      const Timestamp last = fresh ? document->again_at : document->tried_at;
      const bool usable = is_usable(*document);
      const auto pause = usable ? options_.refetch_pause : options_.retry_pause;
      if (now - last < pause) {
        if (usable) return document->content;
        if (document->failure) throw Failure(*document->failure).retry_after(last + pause - now);
      }
      document->tried_at = now;
      if (fresh) document->again_at = now;
      ++fetches_;
      document->under_way = std::make_shared<typename Document<Content>::Fetch>();
      loop_.loop().post([this, document, url, read = std::move(read)] {
        scope_->spawn([this, document, url, read](Fiber& own) { fetch(own, *document, url, read); });
      });
    }
    under_way = document->under_way;
  }
  return under_way->wait(fiber);
}

template <class Content>
void Discovery::fetch(Fiber& fiber, Document<Content>& document, const std::string& url,
                      const Reader<Content>& read) {
  std::shared_ptr<const Content> content;
  std::optional<Failure> failure;
  try {
    content = std::make_shared<const Content>(read(download(fiber, url)));
  } catch (const Failure& thrown) {
    failure = thrown;
  }
  std::shared_ptr<typename Document<Content>::Fetch> landing;
  {
    const std::lock_guard lock(mutex_);
    landing = std::move(document.under_way);
    document.failure = failure;
    if (content) {
      document.content = content;
      document.fetched_at = clock_.now();
    } else if (is_usable(document)) {
      content = document.content;
    }
  }
  content ? landing->land(content) : landing->fail(std::make_exception_ptr(*failure));
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
