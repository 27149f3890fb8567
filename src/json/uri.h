// URI references (RFC 3986): splitting and resolving, tolerant of characters a strict reader refuses.
//
// Threads: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace junctor::json {

// The five parts of a reference. Views into the text it was split from.
struct UriParts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

UriParts split_uri(std::string_view text);

// The reference read relative to base (RFC 3986 section 5.2), fragment included. An empty base
// leaves the reference as it is.
std::string resolve_uri(std::string_view base, std::string_view reference);

// Everything before '#'.
std::string_view without_fragment(std::string_view uri);

// What follows '#', percent-decoded; empty when there is none.
std::string decoded_fragment(std::string_view uri);

// The text as a fragment may hold it: other characters become "%…", a '%' too.
std::string fragment_encoded(std::string_view text);

// "%41" becomes "A"; a '%' that starts no escape stays.
std::string percent_decoded(std::string_view text);

}  // namespace junctor::json
