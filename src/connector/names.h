// Slugs and names, one from the other.
//
// Threads: any thread.
#pragma once

#include <string>
#include <string_view>

namespace junctor::connector {

// "getHTTPData", "get-http-data", "get http data" → "get_http_data". Dots stay.
std::string to_snake(std::string_view text);
// "get_http_data" → "Get HTTP Data": words capitalised, common abbreviations in capitals.
std::string name_from_slug(std::string_view slug);
// Lower-case letters and digits, "_" or "-" (integrations), "_" or "." (events), "_" (all others)
// between them; a letter first; at most 64 characters.
enum class SlugKind { integration, event, plain };
bool is_slug(std::string_view text, SlugKind kind);
// In words, for a message.
std::string_view slug_rule(SlugKind kind);

}  // namespace junctor::connector
