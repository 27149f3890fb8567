// The integration as a shared object for `junctor serve`.
#include "hr-sync/integration.h"
#include "junctor/shared_object.h"

JUNCTOR_EXPORT_INTEGRATION(hr_sync::integration)
