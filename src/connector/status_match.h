// HTTP statuses as definitions write them: "200", "2xx", "400-499".
//
// Threads: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace junctor::connector {

// First and last status of one pattern; nullopt when it is none.
std::optional<std::pair<int, int>> status_range(std::string_view pattern);
// Whether any of them holds it. Patterns that are none hold nothing.
bool matches_status(const std::vector<std::string>& patterns, int status);

}  // namespace junctor::connector
