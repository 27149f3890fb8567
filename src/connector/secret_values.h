// The secrets that the calls of one run have to do with, and what is kept or told of the run without them.
//
// Threads: one owner.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/secret.h"

namespace junctor::connector {

enum class SecretKind {
  credential,     // opens something: a secret var
  authorization,  // the same, as it stood in Authorization: a token, or what one request alone was signed with
  sent,           // went out where secrets go, and may be as harmless as a time or a company's name
};

class SecretValues final {
 public:
  static constexpr std::size_t most = 128;  // spellings of each kind; beyond, those are forgotten that were added longest ago
  // In data a shorter one is no secret that somebody repeats but a word or a number that looks like it.
  static constexpr std::size_t shortest_in_data = 8;

  // In every spelling; one of fewer than four bytes is not kept.
  void add(std::string_view secret, SecretKind kind = SecretKind::credential);

  // For what people look at, runs and logs: nothing of any kind stays.
  bool are_in(const Json& value) const;
  std::string without(std::string text) const;
  Json without(Json value) const;
  // A body that may be JSON; it is written anew only where it held one.
  std::string body_without(std::string body) const;

  // For data that programs go on working with: only credentials of shortest_in_data bytes and more, and a number
  // only where it is one.
  Json without_credentials(Json value) const;
  // The spellings that this looks for, the longest first.
  std::vector<std::string_view> credentials() const&;
  std::vector<std::string_view> credentials() && = delete;

 private:
  std::vector<std::string_view> of_all() const;

  std::vector<Secret> credentials_, authorizations_, sent_;
};

}  // namespace junctor::connector
