// TLS over any Stream, by OpenSSL with its bytes in memory.
//
// Threads: TlsServer and TlsClient are immutable, any thread; streams as stream.h says, and not
// read
//   and written by two fibers at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "async/stream.h"

struct ssl_ctx_st;

namespace junctor {

// The identity of a server and whom it lets in.
class TlsServer final {
 public:
  // All PEM. client_authorities: when not empty, clients must show a certificate signed by one of
  // these. Throws Failure{invalid} for what cannot be read or does not fit together.
  TlsServer(std::string_view certificate_chain, std::string_view private_key,
            std::string_view client_authorities = {});
  ~TlsServer();

  // The handshake. Throws Failure{denied} when it fails.
  std::unique_ptr<Stream> accept(Fiber& fiber, std::unique_ptr<Stream> stream) const;

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

// Whom a client trusts, and as whom it comes.
class TlsClient final {
 public:
  // authorities: PEM; empty for the system's. certificate and key: PEM; empty for none.
  explicit TlsClient(std::string_view authorities = {}, std::string_view certificate_chain = {},
                     std::string_view private_key = {});
  ~TlsClient();

  // The handshake, checking the peer's certificate against host. Throws Failure{denied} when it
  // fails.
  std::unique_ptr<Stream> connect(Fiber& fiber, std::unique_ptr<Stream> stream,
                                  const std::string& host) const;

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace junctor
