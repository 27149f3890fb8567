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
