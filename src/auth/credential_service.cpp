#include "auth/credential_service.h"

#include <fmt/format.h>

#include "auth/allowed_hosts.h"
#include "auth/schemes.h"
#include "base/crypto.h"
#include "store/store.h"

namespace junctor::auth {

using vault::ConnectionError;
using vault::ConnectionFailure;
using vault::ConnectionStatus;

namespace {

constexpr std::size_t most_entries = 10'000;

enum class Disabled { refused, served };

void require_usable(const vault::Connection& connection, Disabled disabled) {
  const std::string name = connection.integration + "/" + connection.name;
  if (connection.enabled == vault::Enabled::no && disabled == Disabled::refused)
    throw ConnectionFailure(ConnectionError::disabled_connection,
                            fmt::format("the connection {} is disabled; enable it first", name));
  if (connection.status != ConnectionStatus::needs_authorisation) return;
  throw ConnectionFailure(
      ConnectionError::not_authorised,
      connection.status_reason.empty()
          ? fmt::format("nobody has authorised the connection {} yet; start its authorisation", name)
          : fmt::format("the connection {} is not authorised ({}); start its authorisation again", name,
                        connection.status_reason));
}

AllowedHosts hosts_of(const AuthDefinition& definition, const VarsContext& vars) {
  AllowedHosts hosts;
  if (!definition.endpoints.base_url.empty())
    hosts.add_url(vars.url(definition.endpoints.base_url, "endpoints.base_url"));
  for (const Template& host : definition.endpoints.hosts) {
    const bool wildcard = host.text.starts_with("*.");
    const std::string filled = vars.url(
        Template("https://" + (wildcard ? host.text.substr(2) : host.text)), "endpoints.hosts");
    hosts.add_host((wildcard ? "*." : "") + filled.substr(8));
  }
  // Where a profile is asked for with the token (OpenID Connect).
  if (!definition.endpoints.userinfo.empty())
    hosts.add_url(vars.url(definition.endpoints.userinfo, "endpoints.userinfo"));
  return hosts;
}

// Headers that a scheme computes are Secrets in the request; these are the names known ahead.
CredentialSource::Redactions redactions_of(const Auth& method) {
  CredentialSource::Redactions out{{"authorization", "cookie", "x-amz-security-token"}, {}};
  const auto add = [&](std::string name) {
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!name.empty()) out.headers.push_back(std::move(name));
  };
  if (method.api_key && method.api_key->in == AuthPlace::header) add(method.api_key->name);
  if (method.api_key && method.api_key->in == AuthPlace::query)
    out.query_parameters.push_back(method.api_key->name);
  if (method.hmac) add(method.hmac->header);
  if (method.type == AuthType::headers && method.headers.json.is_object())
    for (const auto& member : method.headers.json.as_object()) add(std::string(member.key()));
  return out;
}

std::string_view sent_authorization(const ClientRequest& request) {
  for (const ClientHeader& header : request.headers) {
    if (!equal_ignoring_case(header.name, "Authorization")) continue;
    if (const auto* text = std::get_if<std::string>(&header.value)) return *text;
    return std::get<Secret>(header.value).reveal();
  }
  return {};
}

}  // namespace

// What is kept of a connection between calls.
struct CredentialService::Entry {
  explicit Entry(const ConnectionKey& key) : digest(key.tenant.text() + "/" + key.id.to_string()) {}

  vault::OpenConnection open;
  TokenService::Resolved how;  // endpoints are not resolved here
  AllowedHosts hosts;
  vault::ConnectionStamp stamp;
  Timestamp loaded_at{};

  std::mutex mutex;  // for what follows
  Timestamp looked_at{};  // when the stamp was last compared

  DigestSession digest;
};

class ConnectionCredentials final : public CredentialSource {
 public:
  ConnectionCredentials(CredentialService& service, ConnectionKey key, Disabled disabled,
                        std::shared_ptr<CredentialService::Entry> kept, std::string run)
      : service_(service),
        key_(std::move(key)),
        disabled_(disabled),
        kept_(std::move(kept)),
        redactions_(redactions_of(*kept_->how.method)),
        notes_(std::make_shared<TokenNotes>(std::move(run))) {}
  ~ConnectionCredentials() override {
    service_.tokens_.keep_late(key_, notes_->run(), notes_->close());
  }

  void apply(Fiber& fiber, ClientRequest& request) override {
    const auto entry = service_.entry(fiber, key_);
    require_usable(entry->open.connection, disabled_);
    const Auth& method = *entry->how.method;
    if (!entry->hosts.allows(request.url))
      throw ConnectionFailure(ConnectionError::host_not_allowed,
                              fmt::format("the call goes to a host that the integration {} does "
                                          "not declare, so it gets no credentials; "
                                          "add the host to endpoints.hosts",
                                          entry->open.connection.integration));
    if (entry->how.identity) request.identity = entry->how.identity;
    apply_method(fiber, method, *entry, request);
  }

  AfterRefusal after_refusal(Fiber& fiber, const ClientRequest& sent,
                             const ClientResponse& answer) override {
    const auto entry = service_.entry(fiber, key_);
    const Auth& method = *entry->how.method;
    if (answer.status != 401) return AfterRefusal::give_up;
    if (method.type == AuthType::digest) return answer_challenge(*entry, sent, answer);
    if (!method.oauth2) return AfterRefusal::give_up;
    const LiveToken token = service_.tokens_.current(fiber, key_, notes_);
    // Another call has fetched a newer token since this one was sent.
    if (!sent_authorization(sent).ends_with(token.access->reveal()))
      return AfterRefusal::retry_once;
    const auto newer = service_.tokens_.newer_than(fiber, key_, token.generation, notes_);
    return newer ? AfterRefusal::retry_once : AfterRefusal::give_up;
  }

  Redactions redactions() const override { return redactions_; }
  std::vector<TokenExchange> take_exchanges() override { return notes_->take(); }

  void each_secret(const std::function<void(std::string_view)>& see) const override {
    for (const auto& [name, secret] : kept_->open.secrets) see(secret.reveal());
  }

 private:
  void apply_method(Fiber& fiber, const Auth& method, CredentialService::Entry& entry,
                    ClientRequest& request) {
    const VarsContext vars(entry.open);
    switch (method.type) {
      case AuthType::none:
      case AuthType::mtls:
        break;
      case AuthType::api_key:
        apply_api_key(*method.api_key, vars, request);
        break;
      case AuthType::bearer:
        apply_bearer(*method.bearer, vars, request);
        break;
      case AuthType::basic:
        apply_basic(*method.basic, vars, request);
        break;
      case AuthType::headers:
        apply_headers(method.headers, vars, request);
        break;
      case AuthType::hmac:
        apply_hmac(*method.hmac, vars, request, now());
        break;
      case AuthType::aws_sigv4:
        apply_aws(*method.aws_sigv4, vars, request, now());
        break;
      case AuthType::digest:
        apply_known_challenge(*method.digest, entry, vars, request);
        break;
      case AuthType::oauth2:
      case AuthType::oidc:
        apply_token(fiber, *method.oauth2, request);
        break;
    }
  }

  void apply_token(Fiber& fiber, const OAuth2Auth& oauth, ClientRequest& request) {
    const LiveToken token = service_.tokens_.current(fiber, key_, notes_);
    std::string value = oauth.token_prefix + " " + std::string(token.access->reveal());
    set_header(request, "Authorization", Secret(value));
    crypto::wipe(value);
  }

  // The first request of all goes without; the server's challenge serves every later one.
  static void apply_known_challenge(const PasswordAuth& auth, CredentialService::Entry& entry,
                                    const VarsContext& vars, ClientRequest& request) {
    if (const auto use = entry.digest.next()) apply_digest(auth, *use, vars, request);
  }

  AfterRefusal answer_challenge(CredentialService::Entry& entry, const ClientRequest& sent,
                                const ClientResponse& answer) {
    std::vector<Challenge> challenges;
    for (const std::string_view value : answer.headers.get_all("WWW-Authenticate"))
      for (Challenge& challenge : parse_challenges(value))
        challenges.push_back(std::move(challenge));
    switch (entry.digest.refused(challenges, sent_authorization(sent), now())) {
      case DigestSession::Refusal::first_answer:
        return AfterRefusal::retry_and_ask;
      case DigestSession::Refusal::answer_again:
        return AfterRefusal::retry_once;
      case DigestSession::Refusal::stands:
        break;
    }
    return AfterRefusal::give_up;
  }

  Timestamp now() const { return service_.tokens_.connections().vault().clock().now(); }

  CredentialService& service_;
  const ConnectionKey key_;
  const Disabled disabled_;
  const std::shared_ptr<CredentialService::Entry> kept_;
  const Redactions redactions_;
  const SharedNotes notes_;
};

CredentialService::CredentialService(TokenService& tokens, const AuthCatalogue& catalogue)
    : tokens_(tokens), catalogue_(catalogue) {
  tokens_.connections().listen([this](const TenantId& tenant, ConnectionId id) {
    const std::lock_guard lock(mutex_);
    entries_.erase({tenant, id});
  });
}

std::unique_ptr<CredentialSource> CredentialService::source(Fiber& fiber, const TenantId& tenant,
                                                            ConnectionId id, std::string run) {
  const ConnectionKey key{tenant, id};
  const auto kept = entry(fiber, key, Look::at_once);
  require_usable(kept->open.connection, Disabled::refused);
  return std::make_unique<ConnectionCredentials>(*this, key, Disabled::refused, kept, std::move(run));
}

std::unique_ptr<CredentialSource> CredentialService::source_for_test(Fiber& fiber,
                                                                     const TenantId& tenant,
                                                                     ConnectionId id,
                                                                     std::string run) {
  const ConnectionKey key{tenant, id};
  const auto kept = entry(fiber, key, Look::at_once);
  require_usable(kept->open.connection, Disabled::served);
  return std::make_unique<ConnectionCredentials>(*this, key, Disabled::served, kept, std::move(run));
}

vault::Connection CredentialService::connection(Fiber& fiber, const TenantId& tenant,
                                                ConnectionId id) {
  return entry(fiber, {tenant, id})->open.connection;
}

std::shared_ptr<CredentialService::Entry> CredentialService::known(const ConnectionKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second;
}

void CredentialService::forget_idle() {
  const Timestamp now = tokens_.connections().vault().clock().now();
  std::vector<ConnectionKey> idle;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [key, entry] : entries_) {
      if (entry->how.definition == nullptr || now - entry->loaded_at < keep_for) continue;
      entry = without_secrets(key, *entry);
      idle.push_back(key);
    }
  }
  for (const ConnectionKey& key : idle) tokens_.forget_token(key);
}

// How the connection stood stays: what changed meanwhile is noticed by it, and a challenge serves on.
std::shared_ptr<CredentialService::Entry> CredentialService::without_secrets(const ConnectionKey& key,
                                                                             const Entry& entry) {
  auto out = std::make_shared<Entry>(key);
  out->stamp = entry.stamp;
  out->open.connection.version = entry.open.connection.version;
  out->digest.take_over(entry.digest);
  return out;
}

std::shared_ptr<CredentialService::Entry> CredentialService::entry(Fiber& fiber,
                                                                   const ConnectionKey& key,
                                                                   Look look) {
  vault::Connections& connections = tokens_.connections();
  const Timestamp now = connections.vault().clock().now();
  const auto before = known(key);
  const bool is_young = before && now - before->loaded_at < keep_for;
  if (is_young && look == Look::when_due) {
    const std::lock_guard lock(before->mutex);
    if (now - before->looked_at < look_every) return before;
  }
  auto fresh = std::make_shared<Entry>(key);
  const bool is_same = connections.vault().store().read(fiber, [&](Snapshot& view) {
    fresh->stamp = connections.stamp(view, key.tenant, key.id);
    if (is_young && before->stamp == fresh->stamp) return true;
    fresh->open = connections.open(view, key.tenant, key.id);
    return false;
  });
  if (is_same) {
    const std::lock_guard lock(before->mutex);
    before->looked_at = now;
    return before;
  }
  // Tokens end with the key that sealed them as well.
  if (!before || before->stamp != fresh->stamp) tokens_.forget(key);
  fresh->how = tokens_.resolve_locally(fresh->open);
  fresh->hosts = hosts_of(*fresh->how.definition, VarsContext(fresh->open));
  fresh->loaded_at = now;
  fresh->looked_at = now;
  if (before && before->open.connection.version == fresh->open.connection.version)
    fresh->digest.take_over(before->digest);
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= most_entries) entries_.clear();
  entries_[key] = fresh;
  return fresh;
}

}  // namespace junctor::auth
