// Topics ("github.push") and patterns of them ("github.*").
//
// Threads: any thread.
#pragma once

#include <string>
#include <string_view>

namespace junctor::connector {

// Words of letters, digits, "_" and "-", joined by dots.
bool is_topic(std::string_view text);
// The same, where a word may be "*" (any one word) and the last one "*" or ">" (all the rest). "*"
// alone is every topic.
bool is_topic_pattern(std::string_view text);
// "github.*" matches "github.push" and "github.pull_request.opened".
bool matches_topic(std::string_view pattern, std::string_view topic);
// A provider's event type as the last part of a topic: "pull_request.opened" → "pull_request_opened".
std::string topic_word(std::string_view event_type);

}  // namespace junctor::connector
