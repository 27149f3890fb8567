// AWS Signature Version 4, in the Authorization header.
// Source: "Signature Version 4 signing process", AWS IAM user guide.
//
// Threads: any thread; no shared state.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "junctor/clock.h"
#include "junctor/secret.h"

namespace junctor::auth {

struct AwsScope {
  std::string region;
  std::string service;  // "s3" is signed by its own rules: path as it stands, body hash as a header
};

struct AwsKeys {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // empty for long-lived keys
};

struct AwsRequest {
  std::string_view method;
  std::string_view path;   // as on the wire, percent-encoded; "" counts as "/"
  std::string_view query;  // as on the wire, without "?"
  std::vector<std::pair<std::string, std::string>> headers;  // with Host and every X-Amz-*; all of them are signed
  std::string_view body;
  bool body_is_streamed = false;  // the body is not at hand: UNSIGNED-PAYLOAD (S3 only accepts it over TLS)
};

// The headers to set: X-Amz-Date, Authorization and, where they apply, X-Amz-Security-Token and
// X-Amz-Content-Sha256. They stand for any of the same name among the request's.
std::vector<std::pair<std::string, std::string>> sign_aws_v4(const AwsRequest& request, const AwsScope& scope,
                                                             const AwsKeys& keys, Timestamp now);

}  // namespace junctor::auth
