#include "auth/schemes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "auth/signing/aws_sigv4.h"
#include "base/crypto.h"
#include "json/serialize.h"

namespace junctor::auth {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;

std::string_view body_of(const ClientRequest& request) {
  if (const auto* text = std::get_if<std::string>(&request.body)) return *text;
  return std::get<Secret>(request.body).reveal();
}

std::string_view value_of(const ClientHeader& header) {
  if (const auto* text = std::get_if<std::string>(&header.value)) return *text;
  return std::get<Secret>(header.value).reveal();
}

// A secret must not be able to end its header line.
void require_header_text(const Secret& value, std::string_view name) {
  for (const char c : value.reveal())
    if (c == '\r' || c == '\n' || c == '\0')
      throw ConnectionFailure(ConnectionError::credentials_invalid,
                              fmt::format("the value for the header {} holds a line break", name));
}

Secret joined(std::string_view prefix, std::string_view separator, const Secret& value) {
  std::string text;
  text.reserve(prefix.size() + separator.size() + value.reveal().size());
  text.append(prefix).append(separator).append(value.reveal());
  Secret out(text);
  crypto::wipe(text);
  return out;
}

Secret prefixed(const std::string& prefix, const Secret& value) {
  return prefix.empty() ? value.clone() : joined(prefix, prefix.ends_with(' ') ? "" : " ", value);
}

void add_query(ClientRequest& request, std::string_view name, const Secret& value) {
  std::string& url = request.url;
  const std::size_t fragment = std::min(url.find('#'), url.size());
  std::string addition = url.substr(0, fragment).find('?') == std::string::npos ? "?" : "&";
  addition += percent_encode(name) + "=" + percent_encode(value.reveal());
  url.insert(fragment, addition);
  crypto::wipe(addition);
}

void add_cookie(ClientRequest& request, std::string_view name, const Secret& value) {
  Secret pair = joined(name, "=", value);
  for (ClientHeader& header : request.headers)
    if (equal_ignoring_case(header.name, "Cookie")) {
      header.value = joined(value_of(header), "; ", pair);
      return;
    }
  request.header("Cookie", std::move(pair));
}

std::string encoded(Encoding encoding, std::string_view bytes) {
  switch (encoding) {
    case Encoding::hex:
      return crypto::to_hex(bytes);
    case Encoding::base64:
      return crypto::to_base64(bytes);
    case Encoding::base64url:
      return crypto::to_base64url(bytes);
  }
  return {};
}

crypto::Digest digest_of(HmacAlgorithm algorithm) {
  switch (algorithm) {
    case HmacAlgorithm::sha1:
      return crypto::Digest::sha1;
    case HmacAlgorithm::sha256:
      return crypto::Digest::sha256;
    case HmacAlgorithm::sha384:
      return crypto::Digest::sha384;
    case HmacAlgorithm::sha512:
      return crypto::Digest::sha512;
  }
  return crypto::Digest::sha256;
}

// What expressions see of the request.
JsonObject describe(const ClientRequest& request) {
  const WireUrl url = split_url(request.url);
  JsonObject headers;
  for (const ClientHeader& header : request.headers) headers[header.name] = value_of(header);
  return {{"method", request.method},
          {"url", request.url},
          {"path", url.path},
          {"query", url.query},
          {"headers", std::move(headers)},
          {"body", body_of(request)},
          {"body_sha256", crypto::to_hex(crypto::hash(crypto::Digest::sha256, body_of(request)))}};
}

// AWS refuses a request that has an x-amz- header outside the signature.
bool is_signed_by_aws(std::string_view name) {
  return equal_ignoring_case(name, "Content-Type") || equal_ignoring_case(name.substr(0, 6), "x-amz-");
}

void set_all(ClientRequest& request, JsonObject headers) {
  for (auto& member : headers) {
    const Json& value = member.value();
    if (!value.is_null())
      set_header(request, member.key(),
                 Secret(value.is_string() ? std::string(value.as_string()) : json::to_text(value)));
    wipe(member.value());
  }
}

}  // namespace

void set_header(ClientRequest& request, std::string_view name, Secret value) {
  require_header_text(value, name);
  std::erase_if(request.headers,
                [&](const ClientHeader& header) { return equal_ignoring_case(header.name, name); });
  request.header(std::string(name), std::move(value));
}

WireUrl split_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url) throw Failure(FailureKind::invalid, "the URL of the call cannot be read");
  WireUrl out;
  const auto host = url->encoded_host();
  out.host.assign(host.data(), host.size());
  const bool own_port = !url->has_port() ||
                        (url->scheme() == "https" && url->port_number() == 443) ||
                        (url->scheme() == "http" && url->port_number() == 80);
  if (!own_port) out.host += ":" + std::string(url->port());
  const auto path = url->encoded_path();
  out.path.assign(path.data(), path.size());
  if (out.path.empty()) out.path = "/";
  const auto query = url->encoded_query();
  out.query.assign(query.data(), query.size());
  return out;
}

void apply_api_key(const ApiKeyAuth& auth, const VarsContext& vars, ClientRequest& request) {
  const Secret key = prefixed(auth.prefix, vars.text(auth.value, "the API key"));
  switch (auth.in) {
    case AuthPlace::header:
      set_header(request, auth.name, key.clone());
      break;
    case AuthPlace::query:
      add_query(request, auth.name, key);
      break;
    case AuthPlace::cookie:
      add_cookie(request, auth.name, key);
      break;
  }
}

void apply_bearer(const BearerAuth& auth, const VarsContext& vars, ClientRequest& request) {
  set_header(request, "Authorization",
             prefixed(auth.prefix, vars.text(auth.token, "the bearer token")));
}

void apply_basic(const PasswordAuth& auth, const VarsContext& vars, ClientRequest& request) {
  const Secret user = vars.text(auth.username, "the user name");
  if (user.reveal().find(':') != std::string_view::npos)
    throw ConnectionFailure(ConnectionError::credentials_invalid,
                            "a user name for basic authentication has no \":\"");
  // An empty password is usual where a key stands in the user name.
  const auto password = vars.optional_text(auth.password, "the password");
  const Secret pair = joined(user.reveal(), ":", password ? password->clone() : Secret());
  std::string base64 = crypto::to_base64(pair.reveal());
  set_header(request, "Authorization", joined("Basic", " ", Secret(base64)));
  crypto::wipe(base64);
}

void apply_headers(const ValueSpec& headers, const VarsContext& vars, ClientRequest& request) {
  set_all(request, vars.object(headers, "the declared headers", describe(request)));
}

void apply_hmac(const HmacAuth& auth, const VarsContext& vars, ClientRequest& request,
                Timestamp now) {
  if (request.upload)
    throw Failure(FailureKind::unsupported,
                  "a request that signs its body cannot stream it; send it whole");
  JsonObject input = describe(request);
  const std::int64_t seconds = now.time_since_epoch().count() / 1000;
  const std::string nonce = crypto::to_hex(crypto::random_bytes(16));
  input["timestamp"] = seconds;
  input["nonce"] = nonce;
  Json text = vars.evaluate(auth.sign, "hmac.sign", input);
  if (!text.is_string())
    throw ConnectionFailure(ConnectionError::credentials_invalid, "hmac.sign gives no text");
  const Secret key = vars.text(auth.secret, "the signing secret");
  const std::string signature = encoded(
      auth.encoding,
      crypto::hmac(digest_of(auth.algorithm), key.reveal(), std::string_view(text.as_string())));
  wipe(text);
  set_header(request, auth.header, Secret(auth.prefix + signature));
  if (!auth.timestamp_header.empty())
    set_header(request, auth.timestamp_header, Secret(std::to_string(seconds)));
  if (!auth.nonce_header.empty()) set_header(request, auth.nonce_header, Secret(nonce));
  input["signature"] = signature;
  set_all(request, vars.object(auth.headers, "hmac.headers", input));
}

void apply_aws(const AwsAuth& auth, const VarsContext& vars, ClientRequest& request,
               Timestamp now) {
  const Secret id = vars.text(auth.access_key_id, "aws_sigv4.access_key_id");
  const Secret region = vars.text(auth.region, "aws_sigv4.region"),
               service = vars.text(auth.service, "aws_sigv4.service");
  auto session = vars.optional_text(auth.session_token, "aws_sigv4.session_token");
  const AwsKeys keys{std::string(id.reveal()),
                     vars.text(auth.secret_access_key, "aws_sigv4.secret_access_key"),
                     session ? std::move(*session) : Secret()};
  const WireUrl url = split_url(request.url);
  AwsRequest input{.method = request.method,
                   .path = url.path,
                   .query = url.query,
                   .headers = {{"Host", url.host}},
                   .body = body_of(request)};
  input.body_is_streamed = static_cast<bool>(request.upload);
  for (const ClientHeader& header : request.headers)
    if (is_signed_by_aws(header.name)) input.headers.emplace_back(header.name, value_of(header));
  for (auto& [name, value] : sign_aws_v4(
           input, {std::string(region.reveal()), std::string(service.reveal())}, keys, now)) {
    set_header(request, name, Secret(value));
    crypto::wipe(value);
  }
}

void apply_digest(const PasswordAuth& auth, const DigestSession::Use& use, const VarsContext& vars,
                  ClientRequest& request) {
  if (request.upload && use.challenge.protection == DigestProtection::authenticate_body)
    throw Failure(FailureKind::unsupported,
                  "the server signs bodies (auth-int); this one is streamed, send it whole");
  const WireUrl url = split_url(request.url);
  const std::string target = url.query.empty() ? url.path : url.path + "?" + url.query;
  const Secret user = vars.text(auth.username, "the user name"),
               password = vars.text(auth.password, "the password");
  set_header(request, "Authorization",
             Secret(answer_digest(use.challenge,
                                  {.method = request.method,
                                   .target = target,
                                   .body = body_of(request),
                                   .client_nonce = use.client_nonce,
                                   .nonce_count = use.nonce_count},
                                  user.reveal(), password)));
}

}  // namespace junctor::auth
