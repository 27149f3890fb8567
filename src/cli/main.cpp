#include "junctor/junctor.h"

int main(int argc, char** argv) { return junctor::run(argc, argv); }
