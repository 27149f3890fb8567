// Reads one delivery per line from standard input and prints "verified" or "refused: why" for each.
//
//   {"scheme", "url", "headers": {…}, "body": base64, "secrets": […], "now": seconds}
#include <boost/describe/enum_from_string.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "json/parse.h"
#include "net/http.h"
#include "webhook/verify.h"

namespace {

using namespace junctor;

std::string text(const Json& value) {
  const auto& string = value.as_string();
  return {string.data(), string.size()};
}

std::string judge(const JsonObject& line) {
  VerifySpec spec;
  const std::string scheme = text(line.at("scheme"));
  if (!boost::describe::enum_from_string(scheme.c_str(), spec.scheme)) return "unknown: " + scheme;
  HttpRequest request;
  request.method = "POST";
  const std::string url = text(line.at("url"));
  if (const auto mark = url.find('?'); mark != std::string::npos)
    request.query = parse_query(std::string_view(url).substr(mark + 1));
  for (const auto& [name, value] : line.at("headers").as_object())
    request.headers.add(std::string(name), text(value));
  request.body = crypto::from_base64(text(line.at("body"))).value();
  std::vector<Secret> secrets;
  for (const Json& secret : line.at("secrets").as_array()) secrets.emplace_back(text(secret));
  const Timestamp now(std::chrono::seconds(line.at("now").to_number<std::int64_t>()));
  const auto verdict = webhook::verify(spec, request, url, secrets, now);
  const auto* refused = std::get_if<webhook::Refused>(&verdict);
  return refused == nullptr ? "verified" : "refused: " + refused->reason;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json value = json::parse(line).value_or_throw();
    std::printf("%s\n", judge(value.as_object()).c_str());
    std::fflush(stdout);
  }
  return 0;
}
