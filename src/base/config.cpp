#include "base/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace junctor {
namespace {

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "5", "5s", "10m", "12h", "30d" in seconds.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t factor = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 's': factor = 1; break;
      case 'm': factor = 60; break;
      case 'h': factor = 3600; break;
      case 'd': factor = 86400; break;
      default: factor = 0;
    }
    if (factor == 0) factor = 1;
    else text.remove_suffix(1);
  }
  const auto count = number_of<std::int64_t>(text);
  if (!count || *count < 0 || *count > 1'000'000'000) return std::nullopt;
  return *count * factor;
}

// "1048576", "512k", "8m".
std::optional<std::size_t> bytes_of(std::string_view text) {
  std::size_t factor = 1;
  if (text.ends_with('k') || text.ends_with('K')) factor = 1024;
  if (text.ends_with('m') || text.ends_with('M')) factor = 1024 * 1024;
  if (text.ends_with('g') || text.ends_with('G')) factor = 1024 * 1024 * 1024;
  if (factor != 1) text.remove_suffix(1);
  const auto count = number_of<std::size_t>(text);
  if (!count || *count == 0 || *count > 1'000'000'000) return std::nullopt;
  return *count * factor;
}

template <std::string Config::*Field>
bool set_text(Config& config, std::string_view text) {
  config.*Field = std::string(text);
  return true;
}

bool set_port(Config& config, std::string_view text) {
  const auto port = number_of<std::uint16_t>(text);
  if (port) config.port = *port;
  return port.has_value();
}

bool set_data_dir(Config& config, std::string_view text) {
  config.data_dir = std::string(text);
  return !text.empty();
}

template <std::size_t Config::*Field>
bool set_bytes(Config& config, std::string_view text) {
  const auto bytes = bytes_of(text);
  if (bytes) config.*Field = *bytes;
  return bytes.has_value();
}

bool set_event_limit(Config& config, std::string_view text) {
  const auto bytes = text == "0" ? std::optional<std::size_t>(0) : bytes_of(text);
  if (bytes) config.event_limit_bytes = *bytes;
  return bytes.has_value();
}

bool set_threads(Config& config, std::string_view text) {
  const auto count = number_of<std::size_t>(text);
  if (!count || *count > 1024) return false;
  config.threads = *count;
  return true;
}

bool set_log_level(Config& config, std::string_view text) {
  constexpr std::array<std::string_view, 5> levels{"debug", "info", "warning", "error", "off"};
  config.log_level = std::string(text);
  return std::find(levels.begin(), levels.end(), text) != levels.end();
}

bool set_log_format(Config& config, std::string_view text) {
  config.log_format = std::string(text);
  return text == "text" || text == "json";
}

bool set_roles(Config& config, std::string_view text) {
  constexpr std::array<std::string_view, 4> known{"api", "webhook", "worker", "scheduler"};
  config.roles = std::string(text);
  while (true) {
    const auto comma = text.find(',');
    if (std::find(known.begin(), known.end(), text.substr(0, comma)) == known.end()) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool set_no_auth(Config& config, std::string_view text) {
  const bool on = text == "true" || text == "1" || text == "yes";
  if (!on && text != "false" && text != "0" && text != "no") return false;
  config.authentication = on ? Authentication::off_for_development : Authentication::required;
  return true;
}

bool set_allow_addresses(Config& config, std::string_view text) {
  config.allow_addresses.clear();
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) config.allow_addresses.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return true;
}

bool set_shutdown_timeout(Config& config, std::string_view text) {
  const auto seconds = seconds_of(text);
  if (seconds) config.shutdown_timeout = std::chrono::seconds(*seconds);
  return seconds.has_value();
}

template <std::chrono::hours Config::*Field>
bool set_hours(Config& config, std::string_view text) {
  const auto seconds = seconds_of(text);
  if (!seconds || *seconds < 3600) return false;
  config.*Field = std::chrono::hours(*seconds / 3600);
  return true;
}

constexpr std::array table{
    Setting{"address", "ADDRESS", "address to listen on", set_text<&Config::address>,
            "an IP address"},
    Setting{"port", "PORT", "port to listen on; 0 takes a free one", set_port,
            "a number from 0 to 65535"},
    Setting{"data_dir", "DIR", "where the database and the keys are kept", set_data_dir,
            "a directory"},
    Setting{"database_url", "URL", "postgres://… instead of the embedded database",
            set_text<&Config::database_url>, "a postgres:// URL"},
    Setting{"root_key_command", "COMMAND", "prints the root keys, instead of the file root.key",
            set_text<&Config::root_key_command>, "a command of /bin/sh"},
    Setting{"redis_url", "URL", "where caches declared `redis` are kept; redis:// or rediss://",
            set_text<&Config::redis_url>, "a redis:// or rediss:// URL"},
    Setting{"public_url", "URL", "how the outside reaches this engine",
            set_text<&Config::public_url>, "a URL"},
    Setting{"body_limit", "BYTES", "largest request body, such as 1m",
            set_bytes<&Config::body_limit_bytes>, "a number of bytes, with k or m for KiB or MiB"},
    Setting{"upload_limit", "BYTES",
            "largest call that brings files, such as 1g; they are kept in data_dir while it runs",
            set_bytes<&Config::upload_limit_bytes>,
            "a number of bytes, with k, m or g for KiB, MiB or GiB"},
    Setting{"threads", "COUNT", "event loops; 0 for one per core", set_threads,
            "a number from 0 to 1024"},
    Setting{"log_level", "LEVEL", "debug, info, warning, error or off", set_log_level,
            "debug, info, warning, error or off"},
    Setting{"log_format", "FORMAT", "text or json", set_log_format, "text or json"},
    Setting{"roles", "LIST", "what this process does: api,webhook,worker,scheduler", set_roles,
            "a list of api, webhook, worker and scheduler"},
    Setting{"dev_no_auth", "", "no tokens asked; refuses to listen beyond loopback", set_no_auth,
            "true or false"},
    Setting{"allow_addresses", "LIST",
            "private addresses that outgoing calls may reach: CIDRs or host names",
            set_allow_addresses, "a comma-separated list"},
    Setting{"shutdown_timeout", "TIME", "how long in-flight work may take to finish, such as 30s",
            set_shutdown_timeout, "a time such as 30s or 2m"},
    Setting{"event_retention", "TIME", "how long events are kept, such as 30d",
            set_hours<&Config::event_retention>, "a time of at least 1h, such as 12h or 30d"},
    Setting{"event_limit", "BYTES",
            "a tenant's events beyond this size are removed, the oldest first; 0: no limit",
            set_event_limit, "a number of bytes, with k, m or g for KiB, MiB or GiB; or 0"},
    Setting{"run_retention", "TIME", "how long finished runs are kept, such as 30d",
            set_hours<&Config::run_retention>, "a time of at least 1h, such as 12h or 30d"},
    Setting{"jwks_url", "URL", "keys of the issuer whose JWTs are accepted",
            set_text<&Config::jwks_url>, "a URL"},
    Setting{"jwt_issuer", "TEXT", "issuer that incoming JWTs must name",
            set_text<&Config::jwt_issuer>, "a text"},
    Setting{"jwt_audience", "TEXT", "audience that incoming JWTs must name",
            set_text<&Config::jwt_audience>, "a text"},
};

}  // namespace

std::span<const Setting> settings() { return table; }

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + std::string(setting.key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string environment_of(const Setting& setting) {
  std::string name = "JUNCTOR_" + std::string(setting.key);
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name;
}

std::vector<Problem> apply_setting(Config& config, std::string_view key, std::string_view text,
                                   const std::string& source) {
  for (const Setting& setting : table)
    if (setting.key == key) {
      if (setting.set(config, text)) return {};
      return {{source, 0, "\"" + std::string(text) + "\"", std::string(setting.expected), ""}};
    }
  return {{source, 0, "\"" + std::string(key) + "\"", "the name of a setting", ""}};
}

std::vector<Problem> apply_environment(Config& config) {
  std::vector<Problem> problems;
  for (const Setting& setting : table) {
    const std::string name = environment_of(setting);
    const char* text = std::getenv(name.c_str());
    if (text == nullptr) continue;
    for (Problem& problem : apply_setting(config, setting.key, text, name))
      problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace junctor
