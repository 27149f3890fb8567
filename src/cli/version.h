// The version of this build.
#pragma once

namespace junctor {
inline constexpr const char* version = JUNCTOR_VERSION;
}  // namespace junctor
