#pragma once

#include <junctor/integration.h>

junctor::Integration greeter();
