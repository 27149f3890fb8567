// Schema documents beside the schema on the command line, for its relative references.
//
// Threads: one.
// Invariants: only regular files are read whose real place is inside the schema's folder, whatever
//   ".." and symbolic links say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "junctor/schema.h"

namespace junctor {

class FolderSchemas final : public SchemaResolver {
 public:
  // others: asked for what is no file: URI; may be null. Must outlive this object.
  FolderSchemas(std::string schema_file, SchemaResolver* others);

  // What the schema's references stand under: "file:///home/me/employee.schema.json".
  const std::string& base_uri() const { return base_uri_; }

  std::optional<Json> find(std::string_view uri) override;
  std::string why_not(std::string_view uri) override;

  // A URI of this folder relative to the schema: "#/type", "pay.json#/type". Others stay.
  std::string relative(std::string_view uri) const;
  // A document of this folder as a path, beside the schema's as it was given. Others stay.
  std::string path_of(const std::string& uri) const;

 private:
  std::optional<std::string> real_path(std::string_view uri);

  std::string schema_file_;
  std::string folder_;  // absolute, without symbolic links, with '/' at the end
  std::string base_uri_;
  SchemaResolver* others_;
  std::string why_;
};

}  // namespace junctor
