// The cookie that ties a consent to the browser in which it began. Each attempt has its own, so that several
// run beside each other in one browser.
//
// HttpOnly, SameSite=Lax (the provider's redirect brings it back), over https also Secure and with the prefix
// __Host-, so that no neighbouring host can plant one; over http it is sent to the callback only.
//
// Threads: immutable.
// Source: RFC 6265bis.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "junctor/secret.h"
#include "net/http.h"

namespace junctor::api {

class ConsentCookie final {
 public:
  // callback: the URL to which the provider sends the browser.
  ConsentCookie(std::string_view callback, std::string_view state);

  // Values of Set-Cookie.
  std::string keep(const Secret& proof, std::chrono::seconds life) const;
  std::string forget() const;

  // What the browser shows; empty when it shows none.
  std::string shown(const Headers& headers) const;

 private:
  std::string name_;
  std::string attributes_;
};

}  // namespace junctor::api
