#include "webhook/scheme_forms.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <optional>
#include <tuple>
#include <vector>

#include "base/crypto.h"
#include "json/parse.h"
#include "net/http.h"

namespace junctor::webhook {
namespace {

// The URL as given, without its port, and with the default one: proxies on the way change that.
std::vector<std::string> with_and_without_port(std::string_view url) {
  std::vector<std::string> forms{std::string(url)};
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return forms;
  const auto end = std::min(url.find_first_of("/?", scheme + 3), url.size());
  const std::string_view authority = url.substr(scheme + 3, end - scheme - 3);
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  const std::string host(has_port ? authority.substr(0, colon) : authority);
  const std::string head(url.substr(0, scheme + 3));
  const std::string tail(url.substr(end));
  forms.push_back(head + host + tail);
  forms.push_back(head + host + (head == "https://" ? ":443" : ":80") + tail);
  return forms;
}

bool is_form(const HttpRequest& request) {
  const auto type = request.headers.get("Content-Type").value_or("");
  constexpr std::string_view form = "application/x-www-form-urlencoded";
  return equal_ignoring_case(type.substr(0, type.find(';')), form);
}

}  // namespace

std::string sorted_form(std::string_view body) {
  auto fields = parse_query(body);
  const auto order = [](const Parameter& a, const Parameter& b) {
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  };
  std::sort(fields.begin(), fields.end(), order);
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  std::string out;
  for (const Parameter& field : fields) out.append(field.name).append(field.value);
  return out;
}

Verdict verify_twilio(const VerifySpec& spec, const HttpRequest& request, std::string_view url,
                      std::span<const Secret> secrets) {
  const auto header = request.headers.get(spec.header);
  if (!header) return Refused{"the header " + spec.header + " is missing"};
  std::string form;
  if (const auto digest = request.query_value("bodySHA256")) {
    const auto ours = crypto::to_hex(crypto::hash(crypto::Digest::sha256, request.body));
    if (!equal_ignoring_case(*digest, ours))
      return Refused{"the body is not the one of bodySHA256"};
  } else if (is_form(request)) {
    form = sorted_form(request.body);
  } else if (!request.body.empty()) {
    return Refused{"the body is no form and the URL has no bodySHA256"};
  }
  const auto signature = crypto::from_base64(*header);
  if (!signature) return Refused{"the header " + spec.header + " is no base64"};
  for (const std::string& address : with_and_without_port(url))
    for (const Secret& secret : secrets)
      if (!secret.empty() &&
          crypto::equal_constant_time(
              crypto::hmac(crypto::Digest::sha1, secret.reveal(), address + form), *signature))
        return Verified{};
  return Refused{"no signature in " + spec.header + " fits the URL and the form"};
}

Verdict verify_client_state(const HttpRequest& request, std::span<const Secret> secrets) {
  const auto body = json::parse(request.body, {.max_depth = 64});
  const auto* object = body.ok() ? body.value().if_object() : nullptr;
  const auto* value = object != nullptr ? object->if_contains("value") : nullptr;
  const auto* list = value != nullptr ? value->if_array() : nullptr;
  if (list == nullptr || list->empty()) return Refused{"the body has no notifications"};
  const bool all = std::all_of(list->begin(), list->end(), [&](const Json& one) {
    const auto* notification = one.if_object();
    const auto* state =
        notification != nullptr ? notification->if_contains("clientState") : nullptr;
    const auto* text = state != nullptr ? state->if_string() : nullptr;
    bool found = false;
    for (const Secret& secret : secrets)
      found |= text != nullptr && !secret.empty() && secret.equals({text->data(), text->size()});
    return found;
  });
  return all ? Verdict(Verified{}) : Refused{"the clientState of a notification is not ours"};
}

}  // namespace junctor::webhook
