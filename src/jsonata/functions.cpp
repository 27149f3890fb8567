#include "jsonata/functions.h"

#include <map>
#include <utility>

namespace junctor::jsonata {
namespace {

struct Library {
  std::vector<Builtin> builtins;
  std::map<std::string_view, Function> functions;
};

Library make_library() {
  Library out;
  for (auto table : {string_functions, text_functions, pattern_functions, numeric_functions,
                     array_functions, higher_order_functions, object_functions, date_functions}) {
    for (Builtin& builtin : table()) {
      builtin.signature = Signature::parse(builtin.signature_text, 0);
      out.builtins.push_back(std::move(builtin));
    }
  }
  for (const Builtin& builtin : out.builtins) {
    out.functions[builtin.name] = {.type = Function::Type::builtin, .builtin = &builtin};
  }
  return out;
}

}  // namespace

Value builtin_value(std::string_view name) {
  static const Library library = make_library();
  const auto at = library.functions.find(name);
  if (at == library.functions.end()) return {};
  return Value::of(const_cast<Function*>(&at->second));
}

}  // namespace junctor::jsonata
