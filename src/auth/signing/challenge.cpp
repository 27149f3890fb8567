#include "auth/signing/challenge.h"

namespace junctor::auth {
namespace {

constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token(char c) { return is_alphanumeric(c) || token_marks.find(c) != std::string_view::npos; }

bool is_token68(char c) {
  return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  std::size_t position() const { return at_; }
  void rewind(std::size_t position) { at_ = position; }

  bool skip_spaces() {
    const std::size_t before = at_;
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ != before;
  }

  void skip_commas() {
    do skip_spaces();
    while (take(','));
  }

  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool next_is(char c) const { return at_end() ? c == '\0' : text_[at_] == c; }

  std::string_view token() { return run(is_token); }

  // The characters of token68 with its closing "=", or nothing.
  std::string_view token68() {
    const std::size_t begin = at_;
    if (run(is_token68).empty()) return {};
    while (take('=')) continue;
    return text_.substr(begin, at_ - begin);
  }

  std::optional<std::string> quoted_or_token() {
    if (!take('"')) {
      const std::string_view plain = token();
      return plain.empty() ? std::nullopt : std::optional<std::string>(plain);
    }
    std::string out;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"') return out;
      if (c == '\\' && !at_end()) {
        out.push_back(text_[at_++]);
      } else {
        out.push_back(c);
      }
    }
    return std::nullopt;
  }

 private:
  template <typename Accept>
  std::string_view run(Accept accept) {
    const std::size_t begin = at_;
    while (!at_end() && accept(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// name BWS "=" BWS value; leaves the reader where it was when that is not what stands there.
std::optional<std::pair<std::string, std::string>> read_parameter(Reader& reader) {
  const std::size_t before = reader.position();
  const std::string_view name = reader.token();
  reader.skip_spaces();
  if (!name.empty() && reader.take('=')) {
    reader.skip_spaces();
    if (auto value = reader.quoted_or_token()) return std::pair(lower(name), std::move(*value));
  }
  reader.rewind(before);
  return std::nullopt;
}

bool read_token68(Reader& reader, Challenge& challenge) {
  const std::size_t before = reader.position();
  const std::string_view opaque = reader.token68();
  reader.skip_spaces();
  if (!opaque.empty() && (reader.at_end() || reader.next_is(','))) {
    challenge.token68 = opaque;
    return true;
  }
  reader.rewind(before);
  return false;
}

void read_parameters(Reader& reader, Challenge& challenge) {
  while (challenge.parameters.size() < most_challenge_parameters) {
    reader.skip_commas();
    auto parameter = read_parameter(reader);
    if (!parameter) return;
    challenge.parameters.push_back(std::move(*parameter));
    reader.skip_spaces();
    if (!reader.next_is(',')) return;
  }
}

}  // namespace

std::optional<std::string_view> Challenge::parameter(std::string_view name) const& {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<Challenge> parse_challenges(std::string_view value) {
  std::vector<Challenge> challenges;
  Reader reader(value);
  while (challenges.size() < most_challenges) {
    reader.skip_commas();
    const std::string_view scheme = reader.token();
    if (scheme.empty()) break;
    Challenge challenge{lower(scheme), {}, {}};
    if (reader.skip_spaces() && !read_token68(reader, challenge)) read_parameters(reader, challenge);
    challenges.push_back(std::move(challenge));
    reader.skip_spaces();
    if (!reader.at_end() && !reader.next_is(',') && challenges.back().parameters.empty()) break;
  }
  return challenges;
}

}  // namespace junctor::auth
