#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <string>

namespace junctor::log {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<Format> chosen_format{Format::text};

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("junctor", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_level(spdlog::level::trace);
    made.set_pattern("%v");
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

std::string_view word(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    default: return "error";
  }
}

// A message may hold text from outside: control characters would forge lines and move cursors.
std::string escape(std::string_view text, bool quotes) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') out += "\\n";
    else if (quotes && (c == '"' || c == '\\')) (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\u{:04x}", byte);
    else out += c;
  }
  return out;
}

std::string timestamp() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now());
  const auto milliseconds = now.time_since_epoch().count();
  const std::time_t seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", text, milliseconds % 1000);
}

}  // namespace

void configure(Level level, Format format) {
  threshold = level;
  chosen_format = format;
}

bool enabled(Level level) { return level >= threshold.load() && level != Level::off; }

void write(Level level, std::string_view name, std::string_view message) {
  if (!enabled(level)) return;
  const std::string line =
      chosen_format.load() == Format::json
          ? fmt::format(R"({{"time":"{}","level":"{}","room":"{}","message":"{}"}})", timestamp(),
                        word(level), name, escape(message, true))
          : fmt::format("{} {:<7} {}: {}", timestamp(), word(level), name, escape(message, false));
  logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace junctor::log
