// Any bytes as integration.yaml: problems or a definition, never a crash; and what loads is written out
// and read back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json/value.hpp>

#include "connector/encode.h"
#include "connector/yaml_loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = junctor::connector::load_integration(text, "fuzz.yaml");
  if (!first) return 0;
  const std::string written = junctor::connector::to_yaml(junctor::connector::encode_integration(first.value()));
  const auto second = junctor::connector::load_integration(written, "written.yaml");
  if (!second || !(first.value() == second.value())) std::abort();
  return 0;
}
