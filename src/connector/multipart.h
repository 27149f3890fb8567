// A multipart/form-data body (RFC 7578), files streamed.
//
// Threads: one call.
#pragma once

#include <string>
#include <vector>

#include "connector/ports.h"
#include "net/client.h"

namespace junctor::connector {

class MultipartBody final {
 public:
  MultipartBody();

  void add_field(const std::string& name, const std::string& value, const std::string& content_type);
  void add_file(const std::string& name, UploadFile file);

  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
  // As a text when it has no files, else as an upload with its size when all sizes are known. Where its
  // files are rewound, a copy of the request that was never sent sends all of it again.
  void put_into(ClientRequest& request) &&;

 private:
  struct Piece {
    std::string text;  // sent first
    UploadFile file;   // then this, when it can be read
  };
  void head(const std::string& name, const std::string& filename, const std::string& content_type);

  std::string boundary_;
  std::vector<Piece> pieces_;
};

}  // namespace junctor::connector
