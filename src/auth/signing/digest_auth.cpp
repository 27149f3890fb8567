#include "auth/signing/digest_auth.h"

#include <fmt/format.h>

#include <array>

#include "base/crypto.h"

namespace junctor::auth {
namespace {

struct AlgorithmName {
  std::string_view name;
  DigestAlgorithm algorithm;
  crypto::Digest digest;
  int strength;
};

constexpr std::array<AlgorithmName, 6> algorithms = {{
    {"md5", DigestAlgorithm::md5, crypto::Digest::md5, 1},
    {"md5-sess", DigestAlgorithm::md5_session, crypto::Digest::md5, 1},
    {"sha-256", DigestAlgorithm::sha256, crypto::Digest::sha256, 2},
    {"sha-256-sess", DigestAlgorithm::sha256_session, crypto::Digest::sha256, 2},
    {"sha-512-256", DigestAlgorithm::sha512_256, crypto::Digest::sha512_256, 3},
    {"sha-512-256-sess", DigestAlgorithm::sha512_256_session, crypto::Digest::sha512_256, 3},
}};

const AlgorithmName& entry(DigestAlgorithm algorithm) {
  return algorithms[static_cast<std::size_t>(algorithm)];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<DigestProtection> protection_of(const Challenge& challenge) {
  const auto offered = challenge.parameter("qop");
  if (!offered) return DigestProtection::none;
  std::optional<DigestProtection> chosen;
  std::string_view rest = *offered;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(", \t"), rest.size());
    const std::string word = lower(rest.substr(0, end));
    if (word == "auth") return DigestProtection::authenticate;
    if (word == "auth-int") chosen = DigestProtection::authenticate_body;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return chosen;
}

std::optional<DigestChallenge> read(const Challenge& challenge) {
  const auto realm = challenge.parameter("realm"), nonce = challenge.parameter("nonce");
  const auto protection = protection_of(challenge);
  if (challenge.scheme != "digest" || !realm || !nonce || !protection) return std::nullopt;
  DigestChallenge out;
  out.realm = *realm;
  out.nonce = *nonce;
  out.protection = *protection;
  if (const auto opaque = challenge.parameter("opaque")) out.opaque = *opaque;
  out.stale = lower(challenge.parameter("stale").value_or("")) == "true";
  out.hashed_user = lower(challenge.parameter("userhash").value_or("")) == "true";
  const auto name = challenge.parameter("algorithm");
  if (!name) return out;
  out.algorithm_name = *name;
  for (const AlgorithmName& known : algorithms) {
    if (lower(*name) != known.name) continue;
    out.algorithm = known.algorithm;
    return out;
  }
  return std::nullopt;
}

class Hasher {
 public:
  explicit Hasher(DigestAlgorithm algorithm) : digest_(entry(algorithm).digest) {}
  std::string operator()(std::string_view text) const { return crypto::to_hex(crypto::hash(digest_, text)); }

 private:
  crypto::Digest digest_;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return out + "\"";
}

std::string response_of(const DigestChallenge& challenge, const DigestRequest& request,
                        std::string_view user, const Secret& password) {
  const Hasher hash(challenge.algorithm);
  std::string identity = fmt::format("{}:{}:{}", user, challenge.realm, password.reveal());
  std::string a1 = hash(identity);
  crypto::wipe(identity);
  if (is_session(challenge.algorithm))
    a1 = hash(fmt::format("{}:{}:{}", a1, challenge.nonce, request.client_nonce));
  std::string a2 = fmt::format("{}:{}", request.method, request.target);
  if (challenge.protection == DigestProtection::authenticate_body) a2 += ":" + hash(request.body);
  if (challenge.protection == DigestProtection::none)
    return hash(fmt::format("{}:{}:{}", a1, challenge.nonce, hash(a2)));
  const std::string_view protection =
      challenge.protection == DigestProtection::authenticate ? "auth" : "auth-int";
  return hash(fmt::format("{}:{}:{:08x}:{}:{}:{}", a1, challenge.nonce, request.nonce_count,
                          request.client_nonce, protection, hash(a2)));
}

}  // namespace

bool is_session(DigestAlgorithm algorithm) { return entry(algorithm).name.ends_with("-sess"); }

std::optional<DigestChallenge> choose_digest(const std::vector<Challenge>& challenges) {
  std::optional<DigestChallenge> best;
  for (const Challenge& challenge : challenges) {
    auto candidate = read(challenge);
    if (candidate && (!best || entry(candidate->algorithm).strength > entry(best->algorithm).strength))
      best = std::move(candidate);
  }
  return best;
}

std::string answer_digest(const DigestChallenge& challenge, const DigestRequest& request,
                          std::string_view user, const Secret& password) {
  const std::string shown_user =
      challenge.hashed_user ? Hasher(challenge.algorithm)(fmt::format("{}:{}", user, challenge.realm))
                            : std::string(user);
  std::string out = fmt::format("Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\"",
                                quoted(shown_user), quoted(challenge.realm), quoted(challenge.nonce),
                                quoted(request.target), response_of(challenge, request, user, password));
  if (challenge.algorithm_name) out += ", algorithm=" + *challenge.algorithm_name;
  if (challenge.protection != DigestProtection::none || is_session(challenge.algorithm)) {
    out += fmt::format(", cnonce={}", quoted(request.client_nonce));
  }
  if (challenge.protection != DigestProtection::none) {
    out += fmt::format(
        ", qop={}, nc={:08x}",
        challenge.protection == DigestProtection::authenticate ? "auth" : "auth-int", request.nonce_count);
  }
  if (challenge.opaque) out += ", opaque=" + quoted(*challenge.opaque);
  if (challenge.hashed_user) out += ", userhash=true";
  return out;
}

}  // namespace junctor::auth
