// What a binding holds.
#pragma once

#include <memory>
#include <optional>

#include "jsonata/signature.h"
#include "junctor/jsonata.h"

namespace junctor::jsonata {

struct Bindings::Entry {
  Json value;
  NativeFunction function;  // absent: a value
  std::shared_ptr<const Signature> signature;
  std::size_t arity = 0;
};

}  // namespace junctor::jsonata
