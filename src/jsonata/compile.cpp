#include "jsonata/compile.h"

#include "jsonata/analysis.h"
#include "jsonata/messages.h"
#include "jsonata/parser.h"
#include "jsonata/resolver.h"
#include "jsonata/stack.h"
#include "jsonata/text.h"

namespace junctor::jsonata {

std::shared_ptr<const Program> compile_program(std::string_view text, const Scope* outer,
                                               const std::function<void()>* interrupt) {
  if (text.size() > max_source_bytes) {
    throw make_error("S0501", {.position = 0, .value = "more than 1 MiB of text"});
  }
  if (!is_valid_utf8(text)) {
    std::size_t at = 0;
    for (std::size_t n = 0; at < text.size(); at += n) {
      n = code_point_bytes(static_cast<unsigned char>(text[at]));
      if (!is_valid_utf8(text.substr(at, n))) break;
    }
    throw make_error("S0502", {.position = at, .value = "bytes that are not UTF-8"});
  }
  auto program = std::make_shared<Program>();
  program->source = text;
  program->interrupt = interrupt;
  // The passes recurse as deep as the text nests, which the parser bounds: all levels fit, also as
  // large as an instrumented build makes them. Beyond 64 MiB the address sanitizer no longer cleans up
  // behind an exception, and then reports stacks that are used again.
  StackGuard stack(0, 48u << 20);
  stack.elsewhere([&] {
    program->root = Parser(*program).parse();
    program->root = Analysis(*program).run(program->root);
    Resolver(*program, outer).run();
  });
  program->interrupt = nullptr;
  return program;
}

}  // namespace junctor::jsonata
