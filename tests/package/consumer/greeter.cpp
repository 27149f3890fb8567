#include "greeter.h"

#include <junctor/define.h>

struct GreetInput {
  std::string name;
  int times = 1;
};
JUNCTOR_DESCRIBE(GreetInput, (name, times))

struct GreetOutput {
  std::vector<std::string> lines;
};
JUNCTOR_DESCRIBE(GreetOutput, (lines))

static GreetOutput greet(junctor::Context&, const GreetInput& input) {
  return {std::vector<std::string>(static_cast<std::size_t>(input.times), "hello " + input.name)};
}

junctor::Integration greeter() {
  return junctor::define_integration("greeter").action("greet", greet).build();
}
