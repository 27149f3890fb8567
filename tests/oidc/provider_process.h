// The OpenID provider of provider.mjs as a child process, and a browser of a few lines.
//
// Threads: one.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include "net/client.h"

namespace junctor::test {

class ProviderProcess final {
 public:
  // Null, with why_not() saying why, where node or the package is missing. token_seconds: how long its
  // access tokens live.
  static std::unique_ptr<ProviderProcess> start(int token_seconds);
  static std::string why_not();
  ~ProviderProcess();
  ProviderProcess(const ProviderProcess&) = delete;
  ProviderProcess& operator=(const ProviderProcess&) = delete;

  const std::string& plain() const { return plain_; }    // the issuer over http
  const std::string& secure() const { return secure_; }  // the one over https that asks for certificates
  std::string file(const std::string& name) const;       // "ca.pem", "client.pem", "client.key", …

 private:
  ProviderProcess() = default;
  bool make_certificates() const;

  std::string folder_;
  std::string plain_, secure_;
  pid_t pid_ = -1;
  int input_ = -1;
};

// Opens a page, keeps cookies, follows redirects until one leads to `stop`; returns that URL.
std::string browse(Fiber& fiber, HttpClient& client, const std::string& url, const std::string& stop);

}  // namespace junctor::test
