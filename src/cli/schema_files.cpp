#include "cli/schema_files.h"

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "json/parse.h"
#include "json/uri.h"

namespace junctor {
namespace {

namespace fs = std::filesystem;

std::string file_uri(const std::string& path) {
  std::string uri = "file://";
  for (const char c : json::fragment_encoded(path)) {
    if (c == '?') uri += "%3F";  // plain in a fragment, the end of a path
    else uri += c;
  }
  return uri;
}

std::string folder_of(const std::string& file) {
  std::error_code error;
  const fs::path parent = fs::path(file).parent_path();
  std::string folder = fs::canonical(parent.empty() ? fs::path(".") : parent, error).string();
  if (!folder.ends_with('/')) folder += '/';
  return folder;
}

bool is_file_uri(std::string_view uri) { return json::split_uri(uri).scheme == "file"; }

}  // namespace

FolderSchemas::FolderSchemas(std::string schema_file, SchemaResolver* others)
    : schema_file_(std::move(schema_file)),
      folder_(folder_of(schema_file_)),
      base_uri_(file_uri(folder_ + fs::path(schema_file_).filename().string())),
      others_(others) {}

std::optional<std::string> FolderSchemas::real_path(std::string_view uri) {
  const json::UriParts parts = json::split_uri(uri);
  const std::string path = json::percent_decoded(parts.path);
  if (parts.authority.value_or("") != "" || path.find('\0') != std::string::npos) {
    why_ = "it names no file of this machine";
    return std::nullopt;
  }
  std::error_code error;
  const std::string real = fs::canonical(path, error).string();
  if (error) {
    why_ = "there is no such file";
    return std::nullopt;
  }
  if (!real.starts_with(folder_)) {
    why_ = "it is outside the schema's folder";
    return std::nullopt;
  }
  if (!fs::is_regular_file(real, error) || fs::file_size(real, error) > json::ParseLimits{}.max_bytes) {
    why_ = "it is no file, or larger than 64 MiB";
    return std::nullopt;
  }
  return real;
}

std::optional<Json> FolderSchemas::find(std::string_view uri) {
  if (!is_file_uri(uri)) return others_ == nullptr ? std::nullopt : others_->find(uri);
  const auto path = real_path(uri);
  if (!path) return std::nullopt;
  std::ifstream stream(*path, std::ios::binary);
  if (!stream) {
    why_ = "it cannot be read";
    return std::nullopt;
  }
  std::ostringstream text;
  text << stream.rdbuf();
  auto document = json::parse(text.str());
  if (document) return std::move(document).value();
  why_ = "it is no JSON: " + to_string(document.problems());
  return std::nullopt;
}

std::string FolderSchemas::why_not(std::string_view uri) {
  if (is_file_uri(uri)) return why_;
  return others_ == nullptr ? std::string() : others_->why_not(uri);
}

std::string FolderSchemas::relative(std::string_view uri) const {
  if (uri.starts_with(base_uri_) && uri.substr(base_uri_.size()).starts_with('#')) {
    return std::string(uri.substr(base_uri_.size()));
  }
  const std::string folder = file_uri(folder_);
  return std::string(uri.starts_with(folder) ? uri.substr(folder.size()) : uri);
}

std::string FolderSchemas::path_of(const std::string& uri) const {
  const std::string folder = file_uri(folder_);
  if (!uri.starts_with(folder)) return uri;
  return (fs::path(schema_file_).parent_path() / json::percent_decoded(uri.substr(folder.size()))).string();
}

}  // namespace junctor
