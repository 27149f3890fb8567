# How every file of the project is compiled. Warnings are private to the project: users of the
# installed library inherit none of this.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(junctor_compile_options INTERFACE)
target_compile_options(junctor_compile_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(junctor_compile_options INTERFACE -Wthread-safety)
endif()

if(JUNCTOR_SANITIZE)
  # Global on purpose: a sanitizer that sees half of a program reports nonsense.
  add_compile_options(-fsanitize=${JUNCTOR_SANITIZE} -fno-omit-frame-pointer)
  # For the few places where instrumented code needs more room or time, or cannot do at all.
  add_compile_definitions(JUNCTOR_SANITIZED)
  add_link_options(-fsanitize=${JUNCTOR_SANITIZE})
  if(JUNCTOR_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

find_program(JUNCTOR_LLD NAMES ld.lld)
if(JUNCTOR_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Resolving a function at its first call saves the vector registers on the stack, and they may hold
# what was just copied of a key: a core dump would have it (SecretScan finds it). It also leaves
# the table of addresses writable.
add_link_options(LINKER:-z,relro,-z,now)
