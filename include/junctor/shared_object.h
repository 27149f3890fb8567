// An integration as a shared object that `junctor serve` loads.
//
//   JUNCTOR_EXPORT_INTEGRATION(hr)      // once, in one source: hr() gives a junctor::Integration
//
// Build it as a CMake MODULE that links Junctor::junctor, with the compiler Junctor was built with: the
// loader compares what both sides think of the types they share, and refuses anything else.
//
// Threads: load_shared_object() from one thread.
// Lifetime: a loaded object stays until the process ends, since handlers are its code.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "junctor/integration.h"

namespace junctor {

// Grows when the layout or meaning of a public type changes.
inline constexpr int integration_abi_version = 3;

// "1 gcc-12 cxx11 integration-1234 action-567".
std::string integration_abi(int version, const char* compiler, bool new_strings, std::size_t integration_bytes,
                            std::size_t action_bytes);

// Loads one. Throws Failure{not_found} for no file, {unsupported} when it was built for something
// else (both sides named), {invalid} for a definition with problems.
Integration load_shared_object(const std::string& path);

}  // namespace junctor

#if defined(__clang__)
#define JUNCTOR_COMPILER "clang-" JUNCTOR_TEXT(__clang_major__)
#else
#define JUNCTOR_COMPILER "gcc-" JUNCTOR_TEXT(__GNUC__)
#endif
#define JUNCTOR_TEXT(x) JUNCTOR_TEXT_(x)
#define JUNCTOR_TEXT_(x) #x

#define JUNCTOR_INTEGRATION_ABI()                                                                    \
  ::junctor::integration_abi(::junctor::integration_abi_version, JUNCTOR_COMPILER,                   \
                             _GLIBCXX_USE_CXX11_ABI == 1, sizeof(::junctor::Integration),            \
                             sizeof(::junctor::Action))

// definition: a function or expression that can be called and gives a junctor::Integration.
// What it throws does not cross the border as an exception of another library: it comes as its text.
#define JUNCTOR_EXPORT_INTEGRATION(definition)                                                       \
  extern "C" __attribute__((visibility("default"))) void junctor_integration_abi(std::string* out) { \
    *out = JUNCTOR_INTEGRATION_ABI();                                                                \
  }                                                                                                  \
  extern "C" __attribute__((visibility("default"))) void junctor_integration_define(                 \
      ::junctor::Integration* out, std::string* fault) {                                             \
    try {                                                                                            \
      *out = definition();                                                                           \
    } catch (const std::exception& error) {                                                          \
      *fault = error.what();                                                                         \
    }                                                                                                \
  }
