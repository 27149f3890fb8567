#include "vault/connections.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "async/scope.h"
#include "vault/test_vault.h"

namespace junctor::vault {
namespace {

FieldDeclaration field(std::string key, FieldKind kind, bool required = true) {
  FieldDeclaration out;
  out.key = std::move(key);
  out.kind = kind;
  out.required = required;
  return out;
}

FieldDeclarations fields() {
  FieldDeclarations out{
      field("subdomain", FieldKind::text),      field("api_key", FieldKind::password),
      field("limit", FieldKind::number, false), field("sandbox", FieldKind::boolean, false),
      field("site", FieldKind::url, false),     field("extra", FieldKind::json, false),
      field("region", FieldKind::select),       field("sandbox_key", FieldKind::password),
      field("folder", FieldKind::text)};
  out[2].default_value = 100;
  out[3].default_value = false;
  out[6].options = {{"Europe", "eu"}, {"America", "us"}, {"Nine", 9}};
  out[6].default_value = "eu";
  out[7].visible_when = FieldDeclaration::Condition{"sandbox", true};
  out[8].phase = FieldPhase::after_authorisation;
  return out;
}

class Catalogue final : public IntegrationCatalogue {
 public:
  std::optional<IntegrationProfile> profile(std::string_view slug) const override {
    if (slug == "shop") return IntegrationProfile{declared, {"key", "consent"}, {"consent"}};
    return std::nullopt;
  }
  FieldDeclarations declared = fields();
};

JsonObject object(const char* text) { return boost::json::parse(text).as_object(); }

class ConnectionsTest : public testing::Test {
 protected:
  void run(const std::function<void(Fiber&)>& body) { run_in_fiber(body); }
  std::string error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const ConnectionFailure& failure) {
      last_problems_ = failure.problems();
      return std::string(to_string(failure.code()));
    }
    return "none";
  }
  std::string secret(ConnectionId id, const std::string& name) {
    return world_.store().read_blocking([&](Snapshot& view) {
      const OpenConnection open = connections_.open(view, default_tenant(), id);
      const auto found = open.secrets.find(name);
      return found == open.secrets.end() ? std::string("(none)")
                                         : std::string(found->second.reveal());
    });
  }

  void destroy_keys() {
    world_.store().write_blocking(
        [&](Transaction& tx) { world_.vault().destroy_tenant_keys(tx, default_tenant()); });
  }
  FieldDeclaration& declared(const std::string& key) {
    for (FieldDeclaration& one : catalogue_.declared)
      if (one.key == key) return one;
    throw std::out_of_range(key);
  }
  Connection change(Fiber& fiber, ConnectionId id, const char* vars) {
    return connections_.update(
        fiber, default_tenant(), id,
        {.name = {}, .vars = object(vars), .enabled = {}, .expected_version = {}});
  }

  test::TestVault world_;
  Catalogue catalogue_;
  Connections connections_{world_.vault(), catalogue_};
  std::vector<Problem> last_problems_;
  const JsonObject good_ =
      object(R"({"subdomain":"acme","api_key":"s3cret","limit":"25","site":"https://a.example"})");
};

TEST_F(ConnectionsTest, shows_masks_and_keeps_what_comes_back_masked) {
  run([&](Fiber& fiber) {
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    EXPECT_EQ(made.name, "default");
    EXPECT_EQ(made.status, ConnectionStatus::needs_vars);
    EXPECT_EQ(made.vars.at("api_key"), Json(mask));
    EXPECT_EQ(made.vars.at("limit"), 25);
    EXPECT_EQ(made.vars.at("region"), "eu");
    EXPECT_EQ(boost::json::serialize(to_json(made)).find("s3cret"), std::string::npos);

    JsonObject back = made.vars;
    back["folder"] = "inbox";
    const Connection changed =
        connections_.update(fiber, default_tenant(), made.id,
                            {.name = {}, .vars = back, .enabled = {}, .expected_version = 1});
    EXPECT_EQ(changed.status, ConnectionStatus::ready);
    EXPECT_EQ(changed.version, 2);
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret");
    connections_.update(fiber, default_tenant(), made.id,
                        {.name = {},
                         .vars = object(R"({"api_key":"new"})"),
                         .enabled = {},
                         .expected_version = {}});
    EXPECT_EQ(secret(made.id, "api_key"), "new");
  });
}

TEST_F(ConnectionsTest, a_write_that_changes_nothing_is_no_version) {
  run([&](Fiber& fiber) {
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    int told = 0;
    connections_.listen([&](const TenantId&, ConnectionId) { ++told; });
    EXPECT_EQ(change(fiber, made.id, R"({"api_key":"s3cret","limit":25})").version, 1);
    EXPECT_EQ(told, 0);
    EXPECT_EQ(change(fiber, made.id, R"({"api_key":"s3cret2"})").version, 2);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret2");
    // A row that does not open is replaced, also by what it held.
    world_.store().write_blocking([](Transaction& tx) {
      tx.execute("UPDATE vault_secrets SET sealed = substr(sealed, 1, 30)");
    });
    EXPECT_EQ(change(fiber, made.id, R"({"api_key":"s3cret2"})").version, 3);
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret2");
    destroy_keys();
    EXPECT_EQ(change(fiber, made.id, R"({"api_key":"s3cret2"})").version, 4);
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret2");
  });
}

TEST_F(ConnectionsTest, tells_every_problem_at_once) {
  run([&](Fiber& fiber) {
    const auto error = error_of([&] {
      connections_.create(
          fiber, default_tenant(),
          {"shop", "", "",
           object(R"({"subdoman":"x","limit":"many","sandbox":"perhaps","site":"ftp://x",
                                                 "region":"mars","extra":"{","api_key":"••••••••"})")});
    });
    EXPECT_EQ(error, "vars_invalid");
    std::set<std::string> paths;
    for (const Problem& problem : last_problems_) paths.insert(problem.path);
    EXPECT_EQ(paths, (std::set<std::string>{"vars.subdoman", "vars.limit", "vars.sandbox",
                                            "vars.site", "vars.region", "vars.extra",
                                            "vars.api_key", "vars.subdomain"}));
    EXPECT_NE(to_string(last_problems_).find("did you mean \"subdomain\"?"), std::string::npos);
  });
}

TEST_F(ConnectionsTest, a_wrong_secret_is_not_repeated_in_the_problem) {
  run([&](Fiber& fiber) {
    JsonObject vars = good_;
    vars["api_key"] = JsonObject{{"oops", "canary-77"}};
    error_of([&] { connections_.create(fiber, default_tenant(), {"shop", "", "", vars}); });
    EXPECT_EQ(to_string(last_problems_).find("canary-77"), std::string::npos);
  });
}

TEST_F(ConnectionsTest, a_hidden_field_is_neither_required_nor_kept) {
  run([&](Fiber& fiber) {
    JsonObject vars = good_;
    vars["sandbox"] = true;
    EXPECT_EQ(error_of([&] {
                connections_.create(fiber, default_tenant(), {"shop", "", "", vars});
              }),
              "vars_invalid");
    vars["sandbox_key"] = "sk";
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", vars});
    EXPECT_EQ(secret(made.id, "sandbox_key"), "sk");
    connections_.update(fiber, default_tenant(), made.id,
                        {.name = {},
                         .vars = object(R"({"sandbox":false})"),
                         .enabled = {},
                         .expected_version = {}});
    EXPECT_EQ(secret(made.id, "sandbox_key"), "(none)");
  });
}

TEST_F(ConnectionsTest, null_removes_a_var_and_a_required_one_is_missed) {
  run([&](Fiber& fiber) {
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    const Connection changed = connections_.update(fiber, default_tenant(), made.id,
                                                   {.name = {},
                                                    .vars = object(R"({"site":null,"limit":null})"),
                                                    .enabled = {},
                                                    .expected_version = {}});
    EXPECT_FALSE(changed.vars.contains("site"));
    EXPECT_EQ(changed.vars.at("limit"), 100) << "the default again";
    EXPECT_EQ(error_of([&] {
                connections_.update(fiber, default_tenant(), made.id,
                                    {.name = {},
                                     .vars = object(R"({"api_key":null})"),
                                     .enabled = {},
                                     .expected_version = {}});
              }),
              "vars_invalid");
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret");
  });
}

TEST_F(ConnectionsTest, several_per_integration_and_never_another_tenants) {
  run([&](Fiber& fiber) {
    const TenantId other("other");
    const Connection one = connections_.create(fiber, default_tenant(), {"shop", "one", "", good_});
    connections_.create(fiber, default_tenant(), {"shop", "two", "consent", good_});
    connections_.create(fiber, other, {"shop", "one", "", good_});
    EXPECT_EQ(error_of([&] {
                connections_.create(fiber, default_tenant(), {"shop", "one", "", good_});
              }),
              "name_taken");
    EXPECT_EQ(connections_.list(fiber, default_tenant()).size(), 2u);
    EXPECT_EQ(connections_.list(fiber, other).size(), 1u);
    EXPECT_EQ(error_of([&] { connections_.get(fiber, other, one.id); }), "unknown_connection");
    EXPECT_EQ(error_of([&] { connections_.remove(fiber, other, one.id); }), "unknown_connection");
    EXPECT_EQ(error_of([&] { connections_.update(fiber, other, one.id, {}); }),
              "unknown_connection");
    EXPECT_EQ(connections_.find(fiber, default_tenant(), "shop/two").status,
              ConnectionStatus::needs_authorisation);
    EXPECT_EQ(connections_.find(fiber, other, "shop").name, "one");
    EXPECT_EQ(error_of([&] { connections_.find(fiber, default_tenant(), "shop"); }),
              "several_connections");
    EXPECT_EQ(error_of([&] {
                connections_.create(fiber, default_tenant(), {"nothing", "", "", {}});
              }),
              "unknown_integration");
    connections_.remove(fiber, default_tenant(), one.id);
    EXPECT_EQ(error_of([&] { connections_.get(fiber, default_tenant(), one.id); }),
              "unknown_connection");
    EXPECT_EQ(world_.store().read_blocking([&](Snapshot& view) {
      return view.value<std::int64_t>("SELECT count(*) FROM vault_secrets WHERE owner = ?",
                                      Connections::owner_of(one.id));
    }),
              0);
  });
}

TEST_F(ConnectionsTest, a_change_based_on_an_old_version_is_refused) {
  run([&](Fiber& fiber) {
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    connections_.update(fiber, default_tenant(), made.id,
                        {.name = {}, .vars = {}, .enabled = Enabled::no, .expected_version = 1});
    EXPECT_EQ(error_of([&] {
                connections_.update(
                    fiber, default_tenant(), made.id,
                    {.name = {}, .vars = {}, .enabled = Enabled::yes, .expected_version = 1});
              }),
              "changed_meanwhile");
  });
}

TEST_F(ConnectionsTest, whose_key_was_destroyed_are_changed_and_get_their_secrets_anew) {
  run([&](Fiber& fiber) {
    JsonObject vars = good_;
    vars["folder"] = "inbox";
    vars["sandbox"] = true;
    vars["sandbox_key"] = "sk";
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", vars});
    EXPECT_EQ(made.status, ConnectionStatus::ready);
    destroy_keys();
    const Connection seen = connections_.get(fiber, default_tenant(), made.id);
    EXPECT_EQ(seen.status, ConnectionStatus::needs_vars);
    EXPECT_NE(seen.status_reason.find("destroyed"), std::string::npos);
    EXPECT_FALSE(seen.vars.contains("api_key")) << "there is nothing behind a mask";
    EXPECT_EQ(error_of([&] { secret(made.id, "api_key"); }), "secrets_destroyed");
    const Connection renamed = connections_.update(
        fiber, default_tenant(), made.id,
        {.name = "other", .vars = {}, .enabled = Enabled::no, .expected_version = {}});
    EXPECT_EQ(renamed.name, "other");
    EXPECT_EQ(error_of([&] { change(fiber, made.id, R"({"api_key":"••••••••","sandbox":false})"); }),
              "vars_invalid");
    EXPECT_EQ(error_of([&] { change(fiber, made.id, R"({"subdomain":"acme"})"); }), "vars_invalid")
        << "the secrets are missing";
    const Connection again = change(fiber, made.id, R"({"api_key":"new","sandbox":false})");
    EXPECT_EQ(again.status, ConnectionStatus::ready);
    EXPECT_EQ(secret(made.id, "api_key"), "new");
    EXPECT_EQ(secret(made.id, "sandbox_key"), "(none)") << "what nobody can read is not kept";
  });
}

TEST_F(ConnectionsTest, a_field_that_becomes_secret_is_masked_used_as_one_and_sealed) {
  run([&](Fiber& fiber) {
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    declared("subdomain").kind = FieldKind::password;
    EXPECT_EQ(connections_.get(fiber, default_tenant(), made.id).vars.at("subdomain"), Json(mask));
    EXPECT_EQ(connections_.list(fiber, default_tenant()).front().vars.at("subdomain"), Json(mask));
    EXPECT_EQ(secret(made.id, "subdomain"), "acme");
    const auto stored = [&] {
      return *world_.store().read_blocking([&](Snapshot& view) {
        return view.value<std::string>("SELECT vars FROM connections");
      });
    };
    EXPECT_NE(stored().find("acme"), std::string::npos);
    connections_.seal_declared_secrets(fiber, "shop");
    EXPECT_EQ(stored().find("acme"), std::string::npos);
    EXPECT_EQ(secret(made.id, "subdomain"), "acme");

    declared("site").secret = true;
    change(fiber, made.id, R"({"site":"••••••••","limit":7})");
    EXPECT_EQ(stored().find("a.example"), std::string::npos);
    EXPECT_EQ(secret(made.id, "site"), "https://a.example");
    declared("region").secret = true;
    change(fiber, made.id, R"({"region":"us"})");
    EXPECT_EQ(stored().find("\"eu\""), std::string::npos) << "nor the old value beside the new secret";
  });
}

TEST_F(ConnectionsTest, a_field_that_is_no_secret_any_more_stays_sealed_until_it_is_written) {
  run([&](Fiber& fiber) {
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    declared("api_key").kind = FieldKind::text;
    EXPECT_EQ(connections_.get(fiber, default_tenant(), made.id).vars.at("api_key"), Json(mask));
    EXPECT_EQ(change(fiber, made.id, R"({"api_key":"••••••••"})").vars.at("api_key"), Json(mask));
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret");
    EXPECT_EQ(change(fiber, made.id, R"({"api_key":"open"})").vars.at("api_key"), Json("open"));
    EXPECT_EQ(secret(made.id, "api_key"), "(none)");
  });
}

TEST_F(ConnectionsTest, a_mask_with_something_beside_it_is_no_secret) {
  run([&](Fiber& fiber) {
    declared("extra").secret = true;
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    const auto path_of = [&](const char* vars) {
      last_problems_.clear();
      EXPECT_EQ(error_of([&] { change(fiber, made.id, vars); }), "vars_invalid") << vars;
      return last_problems_.empty() ? std::string() : last_problems_.front().path;
    };
    EXPECT_EQ(path_of(R"({"api_key":"•••••••• "})"), "vars.api_key");
    EXPECT_EQ(path_of(R"({"api_key":"Bearer ••••••••"})"), "vars.api_key");
    EXPECT_EQ(path_of(R"({"extra":["••••••••"]})"), "vars.extra[0]");
    EXPECT_EQ(path_of(R"({"extra":{"a":{"pw":"••••••••"}}})"), "vars.extra.a.pw");
    EXPECT_EQ(path_of(R"({"extra":"\"••••••••\""})"), "vars.extra");
    EXPECT_EQ(path_of(R"({"extra":{"••••••••":1}})"), "vars.extra");
    EXPECT_EQ(path_of(R"({"extra":{"a":{"of ••••••••":{}}}})"), "vars.extra.a");
    EXPECT_EQ(path_of(R"({"extra":"{\"pw\":\"\\u2022\\u2022\\u2022\\u2022\\u2022\\u2022\\u2022\\u2022\"}"})"), "vars.extra.pw");
    EXPECT_EQ(secret(made.id, "api_key"), "s3cret");
  });
}

TEST_F(ConnectionsTest, records_the_outcome_of_its_test) {
  class Tester final : public ConnectionTester {
   public:
    Health test(Fiber&, const TenantId&, ConnectionId) override {
      return {HealthState::failing, "401 from the shop", {}, std::chrono::milliseconds(12)};
    }
  } tester;
  run([&](Fiber& fiber) {
    int told = 0;
    connections_.listen([&](const TenantId&, ConnectionId) { ++told; });
    const Connection made = connections_.create(fiber, default_tenant(), {"shop", "", "", good_});
    connections_.test(fiber, default_tenant(), made.id, tester);
    const Connection after = connections_.get(fiber, default_tenant(), made.id);
    EXPECT_EQ(after.health.state, HealthState::failing);
    EXPECT_EQ(after.health.message, "401 from the shop");
    EXPECT_EQ(after.health.latency, std::chrono::milliseconds(12));
    EXPECT_TRUE(after.health.checked_at);
  });
}

}  // namespace
}  // namespace junctor::vault
