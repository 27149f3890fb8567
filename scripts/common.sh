# Sourced by the scripts beside it: where the project is, and how they speak.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

# A step begins.
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
# Something the reader should know, and the work goes on.
note() { printf '    %s\n' "$*"; }
# One clear line, and the end.
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else fail "this needs root: run it as root, or install sudo. Wanted to run: $*"; fi
}

jobs() { nproc 2>/dev/null || echo 2; }

# Configures a preset when its tree is missing; afterwards the build configures itself again.
configure() {
  local preset=$1
  if [ ! -f "build/$preset/build.ninja" ]; then
    say "configuring build/$preset"
    cmake --preset "$preset" >"$project/build-$preset.log" 2>&1 \
      || { tail -n 30 "$project/build-$preset.log" >&2; fail "configuring failed"; }
    mv "$project/build-$preset.log" "build/$preset/configure.log"
  fi
}

# Builds targets of build/release (all without any). On a terminal ninja's own line moves; elsewhere a
# line appears at every tenth.
build_release() {
  local args=(--build --preset release)
  [ $# -eq 0 ] || args+=(--target "$@")
  if [ -t 1 ]; then
    NINJA_STATUS='[%p %f/%t %es] ' cmake "${args[@]}" -- -j "$(jobs)"
  else
    NINJA_STATUS='[%f/%t] ' cmake "${args[@]}" -- -j "$(jobs)" | awk '
      match($0, /^\[[0-9]+\/[0-9]+\]/) {
        split(substr($0, 2, RLENGTH - 2), part, "/")
        if (int(part[1] * 10 / part[2]) > shown || part[1] == 1) {
          shown = int(part[1] * 10 / part[2]); print "    " part[1] " of " part[2] " built"; fflush() }
        next }
      { print }'
  fi
}
