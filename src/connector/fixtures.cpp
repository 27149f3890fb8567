#include "connector/fixtures.h"

#include <boost/json/object.hpp>
#include <filesystem>
#include <fstream>

#include "json/serialize.h"
#include "junctor/failure.h"

namespace junctor::connector {
namespace {

std::string path_of(const std::string& folder, const std::string& name) { return folder + "/fixtures/" + name + ".json"; }

[[noreturn]] void exists(const std::string& path) {
  throw Failure(FailureKind::conflict, path + " exists already; choose another name, or say that it is to be replaced "
                                              "(--replace, over the API `replace`)");
}

}  // namespace

Json fixture_json(const Action& action, const Json& input, const Json& output) {
  return JsonObject{{"action", action.slug}, {"input", input}, {"output", output}};
}

void check_fixture(const std::string& folder, const std::string& name, Existing existing) {
  const bool good = !name.empty() && name.size() <= 64 &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (!good)
    throw Failure(FailureKind::invalid, "a fixture's name has 1 to 64 of a-z, 0-9, \"_\" and \"-\"");
  if (folder.empty())
    throw Failure(FailureKind::unsupported, "this integration has no folder, so no fixture can be kept beside it");
  if (existing == Existing::kept && std::filesystem::exists(path_of(folder, name))) exists(path_of(folder, name));
}

std::string save_fixture(const std::string& folder, const std::string& name, const Action& action, const Json& input,
                         const Json& output, Existing existing) {
  check_fixture(folder, name, existing);
  std::error_code error;
  std::filesystem::create_directories(folder + "/fixtures", error);
  const std::string path = path_of(folder, name);
  std::ofstream file(path);
  file << json::to_text(fixture_json(action, input, output), json::Layout::pretty) << '\n';
  file.flush();
  if (!file) throw Failure(FailureKind::unavailable, "the fixture " + path + " cannot be written");
  return path;
}

}  // namespace junctor::connector
