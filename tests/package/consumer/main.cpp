#include <junctor/junctor.h>

#include "greeter.h"

int main(int argc, char** argv) { return junctor::run(argc, argv, {greeter()}); }
