#include "engine/project.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/config.h"
#include "connector/decode.h"
#include "connector/document.h"

namespace junctor {
namespace {

using connector::Node;
using connector::NodeKind;

constexpr std::size_t most_file_bytes = 4u << 20;

bool is_folder(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}
bool is_file(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}
std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// "${NAME}" and "${NAME:-text}"; nullopt when a variable without a default is not set.
std::optional<std::string> with_environment(const std::string& text, std::string& missing) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto close = text.compare(i, 2, "${") == 0 ? text.find('}', i) : std::string::npos;
    if (close == std::string::npos) {
      out += text[i++];
      continue;
    }
    const std::string inside = text.substr(i + 2, close - i - 2);
    const auto otherwise = inside.find(":-");
    const std::string name = inside.substr(0, otherwise);
    if (const char* value = std::getenv(name.c_str()))
      out += value;
    else if (otherwise != std::string::npos)
      out += inside.substr(otherwise + 2);
    else
      return missing = name, std::nullopt;
    i = close + 1;
  }
  return out;
}

// Walks one file; what is wrong is noted and reading goes on.
class Reader final {
 public:
  Reader(std::string file, Environment environment)
      : file_(std::move(file)), environment_(environment) {}
  std::vector<Problem> problems;
  std::vector<Problem> unset;

  void note(const Node& node, const std::string& path, std::string found, std::string expected) {
    problems.push_back({path, node.line, std::move(found), std::move(expected), file_});
  }

  // Where `node` at `path` stands, once it was read; `known_unset` is how many variables were unset before.
  ProjectPlace place(const Node& node, const std::string& path, std::size_t known_unset) const {
    ProjectPlace out{file_, path, {{"", node.line}}, {}};
    for (const auto& [key, value] : node.entries) {
      out.lines[key] = value.line;
      if (key != "vars") continue;
      for (const auto& [name, one] : value.entries) out.lines["vars." + name] = one.line;
    }
    for (std::size_t i = known_unset; i < unset.size(); ++i) out.unset.insert(member_of(unset[i].path, path));
    return out;
  }

  using Field = std::function<void(const Node&, const std::string& path)>;
  void object(const Node& node, const std::string& path,
              const std::map<std::string, Field>& fields) {
    if (node.kind != NodeKind::map) return note(node, path, connector::describe(node), "a mapping");
    std::vector<std::string> known;
    for (const auto& [key, field] : fields) known.push_back(key);
    for (const auto& [key, value] : node.entries) {
      const std::string below = path.empty() ? key : path + "." + key;
      const auto field = fields.find(key);
      if (field != fields.end()) {
        field->second(value, below);
        continue;
      }
      std::string expected = "one of ";
      for (const std::string& word : known) expected += (word == known[0] ? "" : ", ") + word;
      const std::string near = connector::nearest(key, known);
      if (!near.empty()) expected += "; did you mean " + near + "?";
      note(value, below, "an unknown key", expected);
    }
  }
  void list(const Node& node, const std::string& path, const Field& each) {
    if (node.kind == NodeKind::null) return;
    if (node.kind != NodeKind::list) return note(node, path, connector::describe(node), "a list");
    for (std::size_t i = 0; i < node.items.size(); ++i)
      each(node.items[i], path + "[" + std::to_string(i) + "]");
  }
  void text(const Node& node, const std::string& path, std::string& out) {
    if (node.kind == NodeKind::list || node.kind == NodeKind::map || node.kind == NodeKind::null)
      return note(node, path, connector::describe(node), "a text");
    std::string missing;
    const auto value = with_environment(node.text, missing);
    if (value) {
      out = *value;
      return;
    }
    note_unset(node, path, missing);
    out = node.text;
  }
  Field into(std::string& out) {
    return [this, &out](const Node& node, const std::string& path) { text(node, path, out); };
  }
  // Any JSON; texts in it take the environment.
  Json value(const Node& node, const std::string& path) {
    if (node.kind == NodeKind::text) {
      std::string out;
      text(node, path, out);
      return Json(out);
    }
    if (node.kind == NodeKind::list) {
      JsonArray out;
      for (const Node& item : node.items) out.push_back(value(item, path));
      return out;
    }
    if (node.kind == NodeKind::map) {
      JsonObject out;
      for (const auto& [key, item] : node.entries) out[key] = value(item, path + "." + key);
      return out;
    }
    return connector::to_json(node);
  }

 private:
  // "vars.port" of "connections[0].vars.port.low".
  static std::string member_of(const std::string& path, const std::string& above) {
    const std::string below = path.substr(std::min(above.size() + 1, path.size()));
    const bool is_var = below.starts_with("vars.");
    return below.substr(0, below.find_first_of(".[", is_var ? 5 : 0));
  }

  void note_unset(const Node& node, const std::string& path, const std::string& name) {
    auto& notes = environment_ == Environment::must_be_set ? problems : unset;
    notes.push_back({path, node.line, "${" + name + "}, which is not set",
                     "the environment variable " + name + ", or a default: ${" + name + ":-…}",
                     file_});
  }

  std::string file_;
  Environment environment_;
};

void require(Reader& reader, const Node& node, const std::string& path, const char* key,
             const std::string& value) {
  if (value.empty() && reader.problems.empty())
    reader.note(node, path, "no " + std::string(key), "the key " + std::string(key));
}

ProjectConnection read_connection(Reader& reader, const Node& node, const std::string& path) {
  ProjectConnection out;
  const std::size_t known_unset = reader.unset.size();
  reader.object(node, path,
                {{"integration", reader.into(out.integration)},
                 {"name", reader.into(out.name)},
                 {"auth_method", reader.into(out.auth_method)},
                 {"vars", [&](const Node& vars, const std::string& at) {
                    if (vars.kind != NodeKind::map)
                      return reader.note(vars, at, connector::describe(vars), "a mapping");
                    out.vars = reader.value(vars, at).get_object();
                  }}});
  require(reader, node, path, "integration", out.integration);
  out.place = reader.place(node, path, known_unset);
  return out;
}

ProjectEndpoint read_endpoint(Reader& reader, const Node& node, const std::string& path) {
  ProjectEndpoint out;
  const std::size_t known_unset = reader.unset.size();
  reader.object(node, path,
                {{"name", reader.into(out.name)},
                 {"integration", reader.into(out.integration)},
                 {"webhook", reader.into(out.webhook)},
                 {"connection", reader.into(out.connection)},
                 {"secrets", [&](const Node& list, const std::string& at) {
                    reader.list(list, at, [&](const Node& one, const std::string& where) {
                      std::string secret;
                      reader.text(one, where, secret);
                      out.secrets.push_back(std::move(secret));
                    });
                  }}});
  require(reader, node, path, "name", out.name);
  require(reader, node, path, "integration", out.integration);
  require(reader, node, path, "webhook", out.webhook);
  out.place = reader.place(node, path, known_unset);
  return out;
}

void read_settings(Reader& reader, const Node& node, const std::string& path, Project& project) {
  std::map<std::string, Reader::Field> fields;
  for (const Setting& setting : settings())
    fields[std::string(setting.key)] = [&, key = std::string(setting.key)](const Node& value,
                                                                           const std::string& at) {
      std::string text;
      const std::size_t unset = reader.unset.size();
      reader.text(value, at, text);
      if (reader.unset.size() > unset) return;
      if (key == "data_dir" && !text.empty() && !text.starts_with('/')) text = project.folder + "/" + text;
      Config probe;
      for (Problem& problem : apply_setting(probe, key, text, at))
        reader.note(value, at, problem.found, problem.expected);
      project.settings[key] = text;
    };
  reader.object(node, path, fields);
}

Result<Project> read_project(const std::string& file, Environment environment) {
  std::ifstream input(file, std::ios::binary);
  std::ostringstream text;
  text << input.rdbuf();
  if (!input || text.str().size() > most_file_bytes)
    return Problem{"", 0, "a file that cannot be read", "a readable file of at most 4 MiB", file};
  auto document = connector::parse_document(text.str(), file);
  if (!document.ok()) return document.problems();
  Project project;
  project.folder = parent_of(file);
  Reader reader(file, environment);
  reader.object(document.value(), "",
                {{"integrations",
                  [&](const Node& node, const std::string& path) {
                    reader.list(node, path, [&](const Node& one, const std::string& at) {
                      std::string place;
                      reader.text(one, at, place);
                      if (!place.starts_with('/')) place = project.folder + "/" + place;
                      if (!is_folder(place) && !is_file(place))
                        return reader.note(one, at, place + ", which does not exist",
                                           "a folder with integration.yaml, or a file");
                      project.integrations.push_back(place);
                    });
                  }},
                 {"connections",
                  [&](const Node& node, const std::string& path) {
                    reader.list(node, path, [&](const Node& one, const std::string& at) {
                      project.connections.push_back(read_connection(reader, one, at));
                    });
                  }},
                 {"endpoints",
                  [&](const Node& node, const std::string& path) {
                    reader.list(node, path, [&](const Node& one, const std::string& at) {
                      project.endpoints.push_back(read_endpoint(reader, one, at));
                    });
                  }},
                 {"settings", [&](const Node& node, const std::string& path) {
                    read_settings(reader, node, path, project);
                  }}});
  if (!reader.problems.empty()) return reader.problems;
  project.unset = std::move(reader.unset);
  return project;
}

}  // namespace

Result<Project> load_project(const std::string& given, Environment environment) {
  std::string path = given;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (is_folder(path) && is_file(path + "/junctor.yaml"))
    return read_project(path + "/junctor.yaml", environment);
  if (path.ends_with("junctor.yaml") && is_file(path)) return read_project(path, environment);
  Project project;
  project.folder = is_folder(path) ? path : parent_of(path);
  if ((is_folder(path) && is_file(path + "/integration.yaml")) || is_file(path)) {
    project.integrations.push_back(path);
    return project;
  }
  return Problem{"", 0, is_folder(path) ? "a folder without definitions" : "nothing",
                 "a folder with junctor.yaml or integration.yaml, or such a file", given};
}

}  // namespace junctor
