#include <junctor/shared_object.h>

#include "greeter.h"

JUNCTOR_EXPORT_INTEGRATION(greeter)
