#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "async/scope.h"
#include "async/tls_stream.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

struct Identity {
  std::string certificate;
  std::string key;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_ctrl(bio, BIO_CTRL_INFO, 0, static_cast<void*>(&data));
  return {data, static_cast<std::size_t>(size)};
}

// A self-signed certificate for 127.0.0.1 and "localhost".
Identity make_identity(const char* name) {
  using Owned = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
  const Owned key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), &X509_free);
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
  X509_set_pubkey(cert.get(), key.get());
  const std::string common(name);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
  X509V3_CTX context;
  X509V3_set_ctx(&context, cert.get(), cert.get(), nullptr, nullptr, 0);
  for (const auto& [id, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"},
                                  std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    X509_add_ext(cert.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(cert.get(), key.get(), EVP_sha256());
  const Bio cert_bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  const Bio key_bio(BIO_new(BIO_s_mem()), &BIO_free_all);
  PEM_write_bio_X509(cert_bio.get(), cert.get());
  PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(cert_bio.get()), text_of(key_bio.get())};
}

struct Https {
  Identity server = make_identity("server");
  Identity client = make_identity("client");

  HttpServerOptions server_options(bool mutual) const {
    HttpServerOptions options;
    options.tls = std::make_shared<TlsServer>(server.certificate, server.key,
                                              mutual ? client.certificate : "");
    return options;
  }
  HttpClientOptions client_options() const {
    HttpClientOptions options;
    options.guard = AddressGuard::off();
    options.certificate_authorities = server.certificate;
    return options;
  }
};

HttpResponse hello(Fiber&, HttpRequest& request) {
  if (request.path == "/away") {
    HttpResponse response;
    response.status = 302;
    response.headers.add("Location", std::string(*request.query_value("to")));
    return response;
  }
  return HttpResponse::text(200, "hello " + request.body);
}

FailureKind failure_of(HttpClient& client, Fiber& fiber, const ClientRequest& request) {
  try {
    client.send(fiber, request);
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return FailureKind::bug;
}

TEST(Tls, serves_and_calls_over_https) {
  const Https https;
  HttpServer server(https.server_options(false), &hello, std::size_t{1});
  server.start();
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client(https.client_options());
    ClientRequest request{.method = "POST",
                          .url = "https://127.0.0.1:" + std::to_string(server.port()) + "/"};
    request.body = std::string(300'000, 'x');
    for (int i = 0; i < 3; ++i) {
      const auto response = client.send(fiber, request);
      EXPECT_EQ(response.body.size(), 300'006u);
      EXPECT_EQ(response.timings.connection_reused, i > 0);
      if (i == 0) {
        EXPECT_GT(response.timings.tls.count(), 0);
      }
    }
  });
  server.stop(0ms);
}

TEST(Tls, a_server_that_is_not_trusted_or_named_otherwise_is_refused) {
  const Https https;
  HttpServer server(https.server_options(false), &hello, std::size_t{1});
  server.start();
  const std::string port = std::to_string(server.port());
  run_in_fiber([&](Fiber& fiber) {
    auto options = https.client_options();
    options.certificate_authorities = https.client.certificate;
    HttpClient stranger(options);
    EXPECT_EQ(failure_of(stranger, fiber, {.url = "https://127.0.0.1:" + port}),
              FailureKind::denied);
    options = https.client_options();
    options.resolve = [](const std::string&) { return std::vector<std::string>{"127.0.0.1"}; };
    HttpClient other(options);
    EXPECT_EQ(failure_of(other, fiber, {.url = "https://other.example:" + port}),
              FailureKind::denied);
  });
  server.stop(0ms);
}

TEST(Tls, a_client_certificate_from_memory_opens_the_door) {
  const Https https;
  HttpServer server(https.server_options(true), &hello, std::size_t{1});
  server.start();
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client(https.client_options());
    ClientRequest request{.url = url};
    EXPECT_EQ(failure_of(client, fiber, request), FailureKind::unavailable);
    request.identity = std::make_shared<ClientIdentity>(
        ClientIdentity{https.client.certificate, Secret(https.client.key), {}});
    EXPECT_EQ(client.send(fiber, request).status, 200);
    // A connection that carries an identity is not lent to calls without one.
    EXPECT_EQ(failure_of(client, fiber, {.url = url}), FailureKind::unavailable);
    request.identity = std::make_shared<ClientIdentity>(
        ClientIdentity{https.client.certificate, Secret("nonsense"), {}});
    EXPECT_NE(failure_of(client, fiber, request), FailureKind::bug);
  });
  server.stop(0ms);
}

TEST(Tls, an_identity_may_bring_the_authorities_it_trusts) {
  const Https https;
  HttpServer server(https.server_options(true), &hello, std::size_t{1});
  server.start();
  run_in_fiber([&](Fiber& fiber) {
    auto options = https.client_options();
    options.certificate_authorities = https.client.certificate;
    HttpClient stranger(options);
    ClientRequest request{.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/"};
    const auto identity = [&](const std::string& authorities) {
      return std::make_shared<ClientIdentity>(
          ClientIdentity{https.client.certificate, Secret(https.client.key), authorities});
    };
    request.identity = identity("");
    EXPECT_EQ(failure_of(stranger, fiber, request), FailureKind::denied);
    request.identity = identity(https.server.certificate);
    EXPECT_EQ(stranger.send(fiber, request).status, 200);
    // The connection that was made with them is not lent to calls that trust others.
    request.identity = identity("");
    EXPECT_EQ(failure_of(stranger, fiber, request), FailureKind::denied);
  });
  server.stop(0ms);
}

TEST(Tls, redirects_neither_leave_https_nor_take_the_certificate_along) {
  const Https https;
  HttpServer mutual(https.server_options(true), &hello, std::size_t{1});
  HttpServer first(https.server_options(true), &hello, std::size_t{1});
  mutual.start();
  first.start();
  const auto away = [&](const std::string& to) {
    ClientRequest request{.url = "https://127.0.0.1:" + std::to_string(first.port()) +
                                 "/away?to=" + percent_encode(to)};
    request.identity = std::make_shared<ClientIdentity>(
        ClientIdentity{https.client.certificate, Secret(https.client.key), {}});
    return request;
  };
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client(https.client_options());
    EXPECT_EQ(failure_of(client, fiber, away("http://127.0.0.1/")), FailureKind::denied);
    EXPECT_EQ(
        failure_of(client, fiber, away("https://127.0.0.1:" + std::to_string(mutual.port()) + "/")),
        FailureKind::unavailable);
    EXPECT_EQ(client.send(fiber, away("/")).status, 200);
  });
  mutual.stop(0ms);
  first.stop(0ms);
}

TEST(Tls, streams_speak_to_each_other_and_notice_a_cut) {
  const Https https;
  run_in_fiber([&](Fiber& fiber) {
    const TlsServer server(https.server.certificate, https.server.key);
    const TlsClient client(https.server.certificate);
    auto pair = stream_pair(fiber.loop());
    Scope scope(fiber.loop(), "test");
    scope.spawn([&](Fiber& inner) {
      const auto stream = server.accept(inner, std::move(pair.second));
      char buffer[16];
      const auto count = stream->read_some(inner, buffer);
      stream->write(inner, std::string_view(buffer, count));
      stream->close();
    });
    const auto stream = client.connect(fiber, std::move(pair.first), "localhost");
    stream->write(fiber, std::string_view("ping"));
    char buffer[16];
    EXPECT_EQ(stream->read_some(fiber, buffer), 4u);
    EXPECT_THROW(stream->read_some(fiber, buffer), Failure);
    scope.join(fiber);
    EXPECT_THROW(TlsServer("nonsense", https.server.key), Failure);
    EXPECT_THROW(TlsServer(https.server.certificate, https.client.key), Failure);
  });
}

}  // namespace
}  // namespace junctor
