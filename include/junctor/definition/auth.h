// How an integration's requests are authenticated, as data. The auth room executes it.
//
// Every ValueSpec sees `vars` (the connection's vars) as `$`'s member: "=vars.api_key".
//
// Threads: values.
#pragma once

#include "junctor/definition/parts.h"

namespace junctor {

enum class AuthType { none, api_key, bearer, basic, digest, headers, hmac, aws_sigv4, oauth2, oidc, mtls };
BOOST_DESCRIBE_ENUM(AuthType, none, api_key, bearer, basic, digest, headers, hmac, aws_sigv4, oauth2, oidc,
                    mtls)

enum class AuthPlace { header, query, cookie };
BOOST_DESCRIBE_ENUM(AuthPlace, header, query, cookie)

// type: api_key. `prefix` stands before the key, with a space: "Token".
struct ApiKeyAuth {
  AuthPlace in = AuthPlace::header;
  std::string name = "X-API-Key";
  std::string prefix{};
  ValueSpec value = "=vars.api_key";
};
BOOST_DESCRIBE_STRUCT(ApiKeyAuth, (), (in, name, prefix, value))

// type: bearer.
struct BearerAuth {
  ValueSpec token = "=vars.token";
  std::string prefix = "Bearer";
};
BOOST_DESCRIBE_STRUCT(BearerAuth, (), (token, prefix))

// type: basic, digest (RFC 7616).
struct PasswordAuth {
  ValueSpec username = "=vars.username";
  ValueSpec password = "=vars.password";
};
BOOST_DESCRIBE_STRUCT(PasswordAuth, (), (username, password))

enum class HmacAlgorithm { sha1, sha256, sha384, sha512 };
BOOST_DESCRIBE_ENUM(HmacAlgorithm, sha1, sha256, sha384, sha512)
enum class Encoding { hex, base64, base64url };
BOOST_DESCRIBE_ENUM(Encoding, hex, base64, base64url)

// type: hmac. `sign` gives the text that is signed; `$` is {method, url, path, query, headers, body
// (text), body_sha256 (hex), timestamp (seconds), nonce, vars}.
struct HmacAuth {
  HmacAlgorithm algorithm = HmacAlgorithm::sha256;
  ValueSpec secret = "=vars.secret";
  Jsonata sign = "timestamp & '.' & body";
  Encoding encoding = Encoding::hex;
  std::string header = "X-Signature";
  std::string prefix{};            // directly before the signature: "sha256="
  std::string timestamp_header{};  // sent as well, when named
  std::string nonce_header{};
  ValueSpec headers{};  // further headers, an object; sees `signature` too
};
BOOST_DESCRIBE_STRUCT(HmacAuth, (),
                      (algorithm, secret, sign, encoding, header, prefix, timestamp_header, nonce_header,
                       headers))

// type: aws_sigv4.
struct AwsAuth {
  ValueSpec access_key_id = "=vars.access_key_id";
  ValueSpec secret_access_key = "=vars.secret_access_key";
  ValueSpec session_token{};
  ValueSpec region = "=vars.region";
  ValueSpec service{};
};
BOOST_DESCRIBE_STRUCT(AwsAuth, (), (access_key_id, secret_access_key, session_token, region, service))

enum class Grant { authorization_code, client_credentials, device_code, jwt_bearer, token_exchange };
BOOST_DESCRIBE_ENUM(Grant, authorization_code, client_credentials, device_code, jwt_bearer, token_exchange)
enum class ClientAuth { basic, body, none, private_key_jwt, client_secret_jwt, mtls };
BOOST_DESCRIBE_ENUM(ClientAuth, basic, body, none, private_key_jwt, client_secret_jwt, mtls)
enum class Pkce { s256, plain, none };
BOOST_DESCRIBE_ENUM(Pkce, s256, plain, none)

// A token call that follows no standard. `$` is {vars, refresh_token}; `token` maps the answer to
// {access_token, expires_in, refresh_token}.
struct TokenRequest {
  std::string method = "POST";
  Template url{};  // empty: endpoints.token
  ValueSpec headers{};
  ValueSpec form{};
  ValueSpec body{};  // JSON; at most one of form and body
  Jsonata token{};
};
BOOST_DESCRIBE_STRUCT(TokenRequest, (), (method, url, headers, form, body, token))

// type: oauth2, oidc. URLs stand in `endpoints`; scopes in `scopes` of the integration unless here.
struct OAuth2Auth {
  Grant grant = Grant::authorization_code;
  ValueSpec client_id = "=vars.client_id";
  ValueSpec client_secret = "=vars.client_secret";
  ClientAuth client_auth = ClientAuth::basic;
  Pkce pkce = Pkce::s256;
  std::vector<std::string> scopes{};
  std::string scope_separator = " ";
  std::string audience{};
  std::string resource{};          // RFC 8707
  ValueSpec authorize_params{};    // further parameters of the authorisation URL, an object
  ValueSpec token_params{};        // further parameters of every token call, an object
  Duration refresh_before = std::chrono::minutes(1);
  Duration token_lifetime{0};    // where the answer has no expires_in; 0: never expires
  ValueSpec private_key{};         // jwt_bearer and private_key_jwt: PEM
  std::string key_id{};
  std::string algorithm = "RS256";
  ValueSpec claims{};              // of the assertion, an object; with jwt_bearer of the grant's
  std::string token_prefix = "Bearer";
  std::optional<TokenRequest> exchange{};  // grant: token_exchange
  std::optional<TokenRequest> refresh{};
};
BOOST_DESCRIBE_STRUCT(OAuth2Auth, (),
                      (grant, client_id, client_secret, client_auth, pkce, scopes, scope_separator, audience,
                       resource, authorize_params, token_params, refresh_before, token_lifetime, private_key,
                       key_id, algorithm, claims, token_prefix, exchange, refresh))

// type: mtls; or beside another type: the client certificate goes out with every request, those for
// tokens too, so that tokens may be bound to it (RFC 8705).
struct MtlsAuth {
  ValueSpec certificate = "=vars.certificate";  // PEM
  ValueSpec private_key = "=vars.private_key";  // PEM
  ValueSpec passphrase{};
  ValueSpec ca{};
};
BOOST_DESCRIBE_STRUCT(MtlsAuth, (), (certificate, private_key, passphrase, ca))

// One way to authorise. Only the block of its type (and `mtls`) may be given; a missing one means
// its defaults. A connection names the method it uses; the first is the default.
struct Auth {
  std::string slug{};  // needed when there are several
  std::string label{};
  AuthType type = AuthType::none;
  std::optional<ApiKeyAuth> api_key{};
  std::optional<BearerAuth> bearer{};
  std::optional<PasswordAuth> basic{};
  std::optional<PasswordAuth> digest{};
  ValueSpec headers{};  // type: headers, an object; `$` is {vars, method, url, body}
  std::optional<HmacAuth> hmac{};
  std::optional<AwsAuth> aws_sigv4{};
  std::optional<OAuth2Auth> oauth2{};  // also of type oidc
  std::optional<MtlsAuth> mtls{};
};
BOOST_DESCRIBE_STRUCT(Auth, (),
                      (slug, label, type, api_key, bearer, basic, digest, headers, hmac, aws_sigv4, oauth2,
                       mtls))

}  // namespace junctor
