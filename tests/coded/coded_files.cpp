// Actions in C++ that take files from whoever calls them over HTTP.
#include <boost/json.hpp>
#include <cstdio>
#include <stdexcept>

#include "junctor/context.h"
#include "junctor/define.h"
#include "junctor/failure.h"
#include "junctor/files.h"
#include "junctor/junctor.h"

namespace {

using junctor::Context;
using junctor::Json;
using junctor::JsonObject;
using junctor::Param;
using junctor::UiType;
using junctor::UploadFile;

struct Input {
  int year = 0;
};
JUNCTOR_DESCRIBE(Input, (year))

std::string content_of(Context& context, const UploadFile& file) {
  std::string out;
  char piece[7];
  while (const std::size_t bytes = file.read(context.fiber(), piece)) out.append(piece, bytes);
  return out;
}

Json told(Context& context, const UploadFile& file, int year) {
  JsonObject out{{"filename", file.filename}, {"content_type", file.content_type}, {"year", year}};
  out["size_bytes"] = file.size_bytes ? Json(*file.size_bytes) : Json();
  out["content"] = content_of(context, file);
  return out;
}

// Reads the file, and gives it on from its start.
Json import(Context& context, const Input& input) {
  const UploadFile list = *context.file("list");
  Json out = told(context, list, input.year);
  list.rewind();
  junctor::CallOptions on;
  on.files["doc"] = list;
  out.as_object()["kept"] = context.call("keep", JsonObject(), on);
  return out;
}

Json pair(Context& context, const Input& input) {
  Json out = told(context, *context.file("first"), input.year);
  const auto second = context.file("second");
  out.as_object()["second"] = second ? Json(content_of(context, *second)) : Json();
  return out;
}

Json breaks(Context& context, const Input& input) {
  import(context, input);
  throw std::runtime_error("of its own kind");
}

Param file(const char* name, bool required) {
  Param out;
  out.name = name;
  out.ui_type = UiType::file;
  out.required = required;
  return out;
}

junctor::Action with(std::vector<Param> params) {
  junctor::Action out;
  out.params = std::move(params);
  return out;
}

junctor::Action keep() {
  junctor::Action out = with({file("doc", true)});
  out.slug = "keep";
  junctor::ApiCall& api = out.api.emplace();
  api.method = "PUT";
  api.path = "/keep";
  api.body_kind = junctor::BodyKind::file;
  return out;
}

junctor::Integration integration() {
  junctor::Field address;
  address.key = "base_url";
  address.type = junctor::FieldWidget::url;
  return junctor::define_integration("coded")
      .base_url("{vars.base_url}")
      .var(address)
      .action(keep())
      .action("import", import, with({file("list", true)}))
      .action("pair", pair, with({file("first", true), file("second", false)}))
      .action("breaks", breaks, with({file("list", true)}))
      .build();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return junctor::run(argc, argv, {integration()});
  } catch (const junctor::Failure& failure) {
    std::fprintf(stderr, "%s\n", failure.message().c_str());
    return 1;
  }
}
