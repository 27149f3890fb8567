#include "junctor/shared_object.h"

#include <dlfcn.h>

#include <filesystem>

#include "connector/yaml_loader.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

template <typename Function>
Function* symbol(void* library, const char* name, const std::string& path) {
  void* found = dlsym(library, name);
  if (found == nullptr) {
    throw Failure(FailureKind::unsupported, path + " exports no integration; it needs JUNCTOR_EXPORT_INTEGRATION");
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace

std::string integration_abi(int version, const char* compiler, bool new_strings, std::size_t integration_bytes,
                            std::size_t action_bytes) {
  return std::to_string(version) + " " + compiler + (new_strings ? " cxx11" : " old-strings") + " integration-" +
         std::to_string(integration_bytes) + " action-" + std::to_string(action_bytes);
}

Integration load_shared_object(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw Failure(FailureKind::not_found, "no such file: " + path);
  void* library = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Failure(FailureKind::unsupported, "cannot load " + path + ": " + dlerror());
  std::string theirs;
  symbol<void(std::string*)>(library, "junctor_integration_abi", path)(&theirs);
  const std::string ours = JUNCTOR_INTEGRATION_ABI();
  if (theirs != ours) {
    throw Failure(FailureKind::unsupported,
                  path + " was built for \"" + theirs + "\", this is \"" + ours + "\"; build it again");
  }
  Integration out;
  std::string fault;
  symbol<void(Integration*, std::string*)>(library, "junctor_integration_define", path)(&out, &fault);
  if (!fault.empty()) throw Failure(FailureKind::invalid, path + ": " + fault);
  connector::LoadReport report = connector::examine_definition(std::move(out));
  if (!report.integration) throw Failure(FailureKind::invalid, path + ":\n" + to_string(report.problems));
  return *std::move(report.integration);
}

}  // namespace junctor
