// A provider that speaks OAuth on loopback, and an engine's worth of credentials, for tests.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "async/loop.h"
#include "async/scope.h"
#include "auth/credential_service.h"
#include "auth/jose/jwt.h"
#include "auth/jose/test_keys.h"
#include "auth/oauth/authorization.h"
#include "auth/oauth/pkce.h"
#include "base/crypto.h"
#include "junctor/fiber.h"
#include "net/server.h"
#include "vault/test_vault.h"

namespace junctor::auth::test {

// Calls of the token endpoint are answered by `token`, everything else by `api`.
class FakeProvider {
 public:
  struct Call {
    std::vector<Parameter> form;
    std::string authorization;
    std::string get(std::string_view name) const {
      for (const Parameter& parameter : form)
        if (parameter.name == name) return parameter.value;
      return {};
    }
  };

  FakeProvider()
      : server_(
            {}, [this](Fiber& fiber, HttpRequest& request) { return handle(fiber, request); }, 2) {
    server_.start();
  }
  ~FakeProvider() { server_.stop(std::chrono::milliseconds(0)); }

  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + path;
  }

  // What the token endpoint answers; runs on the server's loops.
  std::function<HttpResponse(Fiber&, const Call&)> token = [this](Fiber&, const Call&) {
    return grant();
  };
  std::function<HttpResponse(Fiber&, HttpRequest&)> api = [this](Fiber&, HttpRequest& request) {
    const bool good = request.headers.get("Authorization") ==
                      "Bearer access-" + std::to_string(valid_token.load());
    return HttpResponse::text(good ? 200 : 401, good ? "welcome" : "no");
  };

  // access-N, refresh-N with N counting up.
  HttpResponse grant(int expires_in = 3600) {
    const int number = ++valid_token;
    JsonObject body{{"access_token", "access-" + std::to_string(number)},
                    {"refresh_token", "refresh-" + std::to_string(number)},
                    {"token_type", "Bearer"}};
    if (expires_in >= 0) body["expires_in"] = expires_in;
    return HttpResponse::json(200, body);
  }
  static HttpResponse error(const std::string& code, const std::string& description = {}) {
    return HttpResponse::json(400, JsonObject{{"error", code}, {"error_description", description}});
  }

  std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  std::atomic<int> valid_token{0};
  std::atomic<int> api_calls{0};

 private:
  HttpResponse handle(Fiber& fiber, HttpRequest& request) {
    if (request.path != "/token") {
      ++api_calls;
      return api(fiber, request);
    }
    Call call{parse_query(request.body),
              std::string(request.headers.get("Authorization").value_or(""))};
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call);
    }
    return token(fiber, call);
  }

  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  HttpServer server_;
};

class TestCatalogue final : public AuthCatalogue, public vault::IntegrationCatalogue {
 public:
  std::shared_ptr<const AuthDefinition> find(std::string_view) const override { return definition; }
  std::optional<vault::IntegrationProfile> profile(std::string_view) const override {
    vault::IntegrationProfile out;
    for (const char* name :
         {"client_id", "subdomain", "username", "region", "access_key_id", "base_url"})
      out.fields.push_back(field(name, vault::FieldKind::text));
    for (const char* name : {"client_secret", "api_key", "token", "password", "secret",
                             "certificate", "private_key", "secret_access_key"})
      out.fields.push_back(field(name, vault::FieldKind::password));
    for (const Auth& method : definition->methods) out.auth_methods.push_back(method.slug);
    out.consent_methods = consent_methods(*definition);
    return out;
  }
  std::shared_ptr<const AuthDefinition> definition;

 private:
  static vault::FieldDeclaration field(const char* name, vault::FieldKind kind) {
    vault::FieldDeclaration out;
    out.key = name;
    out.kind = kind;
    out.required = false;
    return out;
  }
};

inline HttpClientOptions loopback_client() {
  HttpClientOptions options;
  options.guard = AddressGuard::allowing({"127.0.0.0/8"}).value();
  return options;
}

// One engine: its own memory, on a store that others may share.
class Engine {
 public:
  Engine(Store& store, const std::string& key_path, TestCatalogue& catalogue, const Clock& clock,
         HttpClientOptions options = loopback_client())
      : vault_(store, std::make_unique<vault::RootKeyFile>(key_path), clock),
        connections_(vault_, catalogue),
        client_(std::move(options)),
        discovery_(client_, clock),
        tokens_(connections_, catalogue, client_, discovery_),
        credentials_(tokens_, catalogue),
        authorization_(tokens_, client_, discovery_) {
    vault_.start();
  }

  vault::Connections& connections() { return connections_; }
  TokenService& tokens() { return tokens_; }
  CredentialService& credentials() { return credentials_; }
  Authorization& authorization() { return authorization_; }
  Discovery& discovery() { return discovery_; }
  HttpClient& client() { return client_; }

  // A call as a connector makes it: apply, send, and after a refusal again.
  ClientResponse call(Fiber& fiber, const TenantId& tenant, ConnectionId id, const std::string& url,
                      ClientRequest base = {}) {
    const auto source = credentials_.source(fiber, tenant, id);
    for (Refusals refusals;;) {
      ClientRequest request;
      request.method = base.method;
      request.url = url;
      if (const auto* text = std::get_if<std::string>(&base.body)) request.body = *text;
      source->apply(fiber, request);
      ClientResponse answer = client_.send(fiber, request);
      if (answer.status != 401 || !refusals.may_ask() ||
          !refusals.retries(source->after_refusal(fiber, request, answer)))
        return answer;
    }
  }

 private:
  vault::Vault vault_;
  vault::Connections connections_;
  HttpClient client_;
  Discovery discovery_;
  TokenService tokens_;
  CredentialService credentials_;
  Authorization authorization_;
};

class World {
 public:
  explicit World(const Clock& clock = system_clock()) : vault_(clock), clock_(clock) {
    const MigrationSet sets[] = {vault::Vault::migrations(), migrations()};
    migrate(vault_.store(), sets);
    definition(AuthType::oauth2,
               [](Auth& auth) { auth.oauth2.emplace().grant = Grant::client_credentials; });
    engine_ = std::make_unique<Engine>(vault_.store(), vault_.key_path(), catalogue, clock);
  }

  void definition(AuthType type, const std::function<void(Auth&)>& change = {},
                  const std::function<void(AuthDefinition&)>& more = {}) {
    auto out = std::make_shared<AuthDefinition>();
    out->methods.emplace_back().type = type;
    if (change) change(out->methods.back());
    fill_defaults(out->methods.back());
    out->endpoints.base_url = provider.url();
    out->endpoints.token = provider.url("/token");
    out->endpoints.authorization = provider.url("/authorize");
    if (more) more(*out);
    catalogue.definition = out;
  }

  ConnectionKey connect(Fiber& fiber,
                        JsonObject vars = {{"client_id", "me"}, {"client_secret", "client-secret"}},
                        const std::string& name = "default") {
    const auto made =
        engine().connections().create(fiber, default_tenant(), {"demo", name, "", std::move(vars)});
    return {default_tenant(), made.id};
  }
  // A connection with a token of generation 1.
  ConnectionKey authorised(Fiber& fiber, int expires_in = 3600,
                           std::string_view refresh_token = "refresh-0",
                           const std::string& name = "default") {
    const ConnectionKey key =
        connect(fiber, {{"client_id", "me"}, {"client_secret", "client-secret"}}, name);
    TokenGrant grant;
    grant.access_token = Secret("access-0");
    grant.refresh_token = Secret(refresh_token);
    grant.expires_in = std::chrono::seconds(expires_in);
    store().write(fiber, [&](Transaction& tx) {
      engine().tokens().tokens().store_consent(
          tx, key, grant, *catalogue.definition->methods.front().oauth2, clock_.now());
      engine().connections().set_status(tx, key.tenant, key.id, vault::ConnectionStatus::ready, "");
    });
    return key;
  }

  Engine& engine() { return *engine_; }
  Store& store() { return vault_.store(); }
  vault::test::TestVault& vault() { return vault_; }

  FakeProvider provider;
  TestCatalogue catalogue;

 private:
  vault::test::TestVault vault_;
  const Clock& clock_;
  std::unique_ptr<Engine> engine_;
};

// The code of the ConnectionFailure that work throws, or the Failure's kind.
inline std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const vault::ConnectionFailure& failure) {
    return std::string(vault::to_string(failure.code()));
  } catch (const Failure& failure) {
    return std::string(to_string(failure.kind()));
  }
  return "none";
}

}  // namespace junctor::auth::test
