// The files of the built web hub, as the binary carries them. Written by cmake/EmbedHub.cmake.
//
// Threads: immutable.
#pragma once

#include <span>
#include <string_view>

namespace junctor::api {

struct HubFile {
  std::string_view path;  // "index.html", "assets/index-D8b4.js"
  std::string_view content_type;
  std::string_view digest;  // of the bytes, hexadecimal
  std::string_view bytes;
  std::string_view gzip;  // the same compressed; empty where that gains nothing
};

// Empty when the hub was not built before the binary was.
std::span<const HubFile> hub_files();

}  // namespace junctor::api
