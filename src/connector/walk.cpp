#include "connector/walk.h"

namespace junctor::connector {
namespace {

using Visit = std::function<void(const Shape&, const void*, const std::string&)>;

// Shapes hand out mutable places; nothing here writes to them.
void* place(const void* object) { return const_cast<void*>(object); }

void walk_list(const Shape& shape, const void* object, const std::string& path, const Visit& visit) {
  const Member* name = name_member(*shape.element);
  for (std::size_t i = 0; i < shape.size(object); ++i) {
    void* item = shape.item(place(object), i);
    const auto* given = name == nullptr ? nullptr : static_cast<const std::string*>(name->at(item));
    const bool named = given != nullptr && !given->empty();
    walk(*shape.element, item, named ? path + "." + *given : path + "[" + std::to_string(i) + "]", visit);
  }
}

}  // namespace

void walk(const Shape& shape, const void* object, const std::string& path, const Visit& visit) {
  switch (shape.kind) {
    case ShapeKind::structure:
      for (const Member& member : shape.members) {
        walk(*member.shape, member.at(place(object)), path.empty() ? member.key : path + "." + member.key, visit);
      }
      return;
    case ShapeKind::optional:
      if (void* inner = shape.peek(place(object))) walk(*shape.element, inner, path, visit);
      return;
    case ShapeKind::list: return walk_list(shape, object, path, visit);
    default: visit(shape, object, path);
  }
}

}  // namespace junctor::connector
