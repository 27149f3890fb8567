#include "connector/decode.h"

#include <boost/json/value.hpp>

#include "connector/names.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

class Decoder final {
 public:
  explicit Decoder(DecodeContext& context) : context_(context) {}

  void value(const Node& node, const Shape& shape, void* object, const std::string& path) {
    context_.lines.emplace(path, node.line);
    if (shape.kind == ShapeKind::optional) {
      if (node.kind != NodeKind::null) value(node, *shape.element, shape.emplace(object), path);
      return;
    }
    if (shape.kind == ShapeKind::structure) return structure(node, shape, object, path);
    if (shape.kind == ShapeKind::list) return list(node, shape, object, path);
    scalar(node, shape, object, path);
  }

 private:
  void problem(const Node& node, const std::string& path, std::string found, std::string expected) {
    context_.problems.push_back({path, node.line, std::move(found), std::move(expected), context_.file});
  }

  void structure(const Node& node, const Shape& shape, void* object, const std::string& path) {
    if (node.kind == NodeKind::null) return;
    if (node.kind != NodeKind::map) {
      const Member* brief = short_member(shape);
      if (brief != nullptr && node.kind != NodeKind::list) {
        return value(node, *brief->shape, brief->at(object), path);
      }
      return problem(node, path, describe(node), "a mapping with " + list_of(keys(shape)));
    }
    for (const auto& [key, child] : node.entries) member(key, child, shape, object, path);
  }

  void member(const std::string& key, const Node& child, const Shape& shape, void* object,
              const std::string& path) {
    const std::string at = path.empty() ? key : path + "." + key;
    for (const Member& one : shape.members) {
      if (one.key == key && one.shape->kind != ShapeKind::handler) {
        return value(child, *one.shape, one.at(object), at);
      }
    }
    const std::string close = nearest(key, keys(shape));
    problem(child, at, "the unknown key \"" + key + "\"",
            close.empty() ? "one of " + list_of(keys(shape)) : "\"" + close + "\"; did you mean that?");
  }

  static std::vector<std::string> keys(const Shape& shape) {
    std::vector<std::string> out;
    for (const Member& one : shape.members) {
      if (one.shape->kind != ShapeKind::handler) out.push_back(one.key);
    }
    return out;
  }

  static std::string list_of(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
  }

  void list(const Node& node, const Shape& shape, void* object, const std::string& path) {
    if (node.kind == NodeKind::null) return;
    shape.clear(object);
    const Member* name = name_member(*shape.element);
    if (node.kind == NodeKind::map && name != nullptr) return named(node, shape, object, *name, path);
    if (node.kind != NodeKind::list) {  // one element needs no dash
      if (shape.element->kind == ShapeKind::structure && node.kind != NodeKind::map &&
          short_member(*shape.element) == nullptr) {
        return problem(node, path, describe(node), name != nullptr ? "a mapping, or a list of mappings" : "a list");
      }
      return value(node, *shape.element, shape.append(object), path);
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      item(node.items[i], *shape.element, shape.append(object), name, path, i);
    }
  }

  // An element with a name goes by it, so that messages and lines read the same for both spellings.
  void item(const Node& node, const Shape& element, void* object, const Member* name, const std::string& path,
            std::size_t index) {
    const Node* given = name == nullptr ? nullptr : node.find(name->key);
    const bool usable = given != nullptr && given->kind != NodeKind::list && given->kind != NodeKind::map &&
                        given->kind != NodeKind::null;
    const std::string at = usable ? path + "." + step(*name, given->text) : path + "[" + std::to_string(index) + "]";
    value(node, element, object, at);
  }

  void named(const Node& node, const Shape& shape, void* object, const Member& name, const std::string& path) {
    for (const auto& [key, child] : node.entries) {
      const std::string at = path + "." + step(name, key);
      void* element = shape.append(object);
      value(child, *shape.element, element, at);
      auto& slot = *static_cast<std::string*>(name.at(element));
      if (!slot.empty() && slot != key) {
        problem(child, at + "." + name.key, "\"" + slot + "\"", "\"" + key + "\", the key it stands under");
      }
      slot = key;
    }
  }

  // Slugs become snake_case later; paths say so from the start.
  static std::string step(const Member& name, const std::string& key) {
    return name.key == "slug" ? to_snake(key) : key;
  }

  void scalar(const Node& node, const Shape& shape, void* object, const std::string& path) {
    switch (shape.kind) {
      case ShapeKind::text: return text(node, *static_cast<std::string*>(object), path);
      case ShapeKind::jsonata: return text(node, static_cast<Jsonata*>(object)->text, path);
      case ShapeKind::place_template: return text(node, static_cast<Template*>(object)->text, path);
      case ShapeKind::boolean: return boolean(node, *static_cast<bool*>(object), path);
      case ShapeKind::integer: return integer(node, shape, object, path);
      case ShapeKind::number: return number(node, *static_cast<double*>(object), path);
      case ShapeKind::enumeration: return word(node, shape, object, path);
      case ShapeKind::duration: return duration(node, *static_cast<Duration*>(object), path);
      case ShapeKind::bytes: return bytes(node, *static_cast<ByteCount*>(object), path);
      case ShapeKind::json: return any(node, *static_cast<Json*>(object), path);
      case ShapeKind::value_spec: return any(node, static_cast<ValueSpec*>(object)->json, path);
      case ShapeKind::schema_ref: return schema(node, *static_cast<SchemaRef*>(object), path);
      default: problem(node, path, describe(node), "nothing: this comes from C++ only");
    }
  }

  void text(const Node& node, std::string& out, const std::string& path) {
    if (node.kind == NodeKind::list || node.kind == NodeKind::map) {
      return problem(node, path, describe(node), "a text");
    }
    if (node.kind != NodeKind::null) out = node.text;
  }
  void boolean(const Node& node, bool& out, const std::string& path) {
    if (node.kind != NodeKind::boolean) return problem(node, path, describe(node), "true or false");
    out = node.truth;
  }
  void integer(const Node& node, const Shape& shape, void* object, const std::string& path) {
    if (node.kind != NodeKind::integer || node.integer < shape.lowest || node.integer > shape.highest) {
      return problem(node, path, describe(node), "a whole number");
    }
    shape.set_integer(object, node.integer);
  }
  void number(const Node& node, double& out, const std::string& path) {
    if (node.kind == NodeKind::integer) out = static_cast<double>(node.integer);
    else if (node.kind == NodeKind::number) out = node.number;
    else problem(node, path, describe(node), "a number");
  }
  void word(const Node& node, const Shape& shape, void* object, const std::string& path) {
    for (std::size_t i = 0; i < shape.words.size(); ++i) {
      if (node.kind != NodeKind::list && node.kind != NodeKind::map && node.text == shape.words[i]) {
        return shape.set_word(object, i);
      }
    }
    const std::string close = nearest(node.text, shape.words);
    problem(node, path, describe(node),
            "one of " + list_of(shape.words) + (close.empty() ? "" : "; did you mean \"" + close + "\"?"));
  }
  void duration(const Node& node, Duration& out, const std::string& path) {
    const auto parsed = parse_duration(node.text);
    if (!parsed) return problem(node, path, describe(node), "a duration with its unit: 500ms, 30s, 5m, 1h, 7d");
    out = *parsed;
  }
  void bytes(const Node& node, ByteCount& out, const std::string& path) {
    const auto parsed = parse_bytes(node.text);
    if (!parsed) return problem(node, path, describe(node), "a size: 4096, 64KiB, 10MiB");
    out = *parsed;
  }
  void any(const Node& node, Json& out, const std::string& path) {
    note_lines(node, path);
    out = to_json(node);
  }

  void note_lines(const Node& node, const std::string& path) {
    context_.lines.emplace(path, node.line);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      note_lines(node.items[i], path + "[" + std::to_string(i) + "]");
    }
    for (const auto& [key, child] : node.entries) note_lines(child, path + "." + key);
  }

  void schema(const Node& node, SchemaRef& out, const std::string& path) {
    const bool is_file = node.kind == NodeKind::text && (node.text.ends_with(".json") || node.text.ends_with(".yaml"));
    if (!is_file) return any(node, out.json, path);
    if (!context_.read_file) {
      return problem(node, path, describe(node), "a schema, or the slug of one: no folder to read files from");
    }
    auto content = context_.read_file(node.text);
    if (!content) return problem(node, path, describe(node), content.problems().front().expected);
    auto document = node.text.ends_with(".json") ? json::parse(content.value()) : from_yaml(content.value(), node.text);
    if (document) {
      out.json = std::move(document).value();
      return;
    }
    for (Problem fault : document.problems()) {
      fault.file = node.text;
      context_.problems.push_back(std::move(fault));
    }
  }

  static Result<Json> from_yaml(const std::string& content, const std::string& file) {
    auto tree = parse_document(content, file);
    if (!tree) return tree.problems();
    return to_json(tree.value());
  }

  DecodeContext& context_;
};

}  // namespace

int line_of(const LineMap& lines, std::string path) {
  while (true) {
    const auto known = lines.find(path);
    if (known != lines.end()) return known->second;
    const auto cut = path.find_last_of(".[");
    if (cut == std::string::npos) break;
    path.resize(cut);
  }
  const auto root = lines.find("");
  return root == lines.end() ? 0 : root->second;
}

void decode(const Node& node, const Shape& shape, void* object, const std::string& path,
            DecodeContext& context) {
  Decoder(context).value(node, shape, object, path);
}

}  // namespace junctor::connector
