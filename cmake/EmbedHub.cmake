# cmake -DDIST=folder -DOUT=file.cpp -P EmbedHub.cmake
#
# Writes the source that carries the folder's files. The assembler reads their bytes, which costs the
# compiler nothing. NAME.gz is the compressed form of NAME.
cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_txt "text/plain; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_png "image/png")
set(type_json "application/json")

# Appends the bytes of a file to `assembly` and their view to `view`; an empty view for no file.
macro(append_bytes symbol file)
  set(view "{}")
  if(EXISTS "${file}")
    file(SIZE "${file}" size)
    string(APPEND assembly "asm(\".section .rodata\\n.global ${symbol}\\n${symbol}: .incbin \\\"${file}\\\"\\n.previous\\n\");\n"
      "extern \"C\" const char ${symbol}[];\n")
    set(view "{${symbol}, ${size}}")
  endif()
endmacro()

set(assembly "")
set(rows "")
set(number 0)
file(GLOB_RECURSE names RELATIVE "${DIST}" "${DIST}/*")
list(FILTER names EXCLUDE REGEX "\\.gz$")
foreach(name ${names})
  string(REGEX REPLACE ".*\\." "" extension "${name}")
  set(type "${type_${extension}}")
  if(type STREQUAL "")
    message(FATAL_ERROR "hub/dist/${name}: cmake/EmbedHub.cmake does not know the content type of .${extension}")
  endif()
  file(SHA256 "${DIST}/${name}" digest)
  string(SUBSTRING "${digest}" 0 32 digest)
  append_bytes(junctor_hub_${number} "${DIST}/${name}")
  set(plain "${view}")
  append_bytes(junctor_hub_${number}_gzip "${DIST}/${name}.gz")
  string(APPEND rows "    {\"${name}\", \"${type}\", \"${digest}\",\n     ${plain}, ${view}},\n")
  math(EXPR number "${number} + 1")
endforeach()

set(table "  return {};\n")
if(number GREATER 0)
  set(table "  static constexpr HubFile files[] = {\n${rows}  };\n  return files;\n")
endif()
file(WRITE "${OUT}" "// Written by cmake/EmbedHub.cmake.
#include \"api/hub_files.h\"

${assembly}
namespace junctor::api {

std::span<const HubFile> hub_files() {
${table}}

}  // namespace junctor::api
")
