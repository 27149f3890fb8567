// Walks everything inside a described value.
//
// Threads: any thread.
#pragma once

#include <functional>
#include <string>

#include "connector/shape.h"

namespace junctor::connector {

// Calls visit for every leaf: its shape, the value, its path ("actions.send.api.path").
void walk(const Shape& shape, const void* object, const std::string& path,
          const std::function<void(const Shape&, const void*, const std::string&)>& visit);

}  // namespace junctor::connector
