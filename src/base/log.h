// One log for the process: lines of JSON or text to standard error.
//
// Threads: any thread.
// Secrets cannot be logged: Secret has no formatter and no conversion.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace junctor::log {

enum class Level { debug, info, warning, error, off };
enum class Format { text, json };

void configure(Level level, Format format);
bool enabled(Level level);

// name: the room that speaks, such as "queue". message: one line; line breaks are escaped.
void write(Level level, std::string_view name, std::string_view message);

template <typename... Args>
void write(Level level, std::string_view name, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level)) write(level, name, std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace junctor::log
