#!/usr/bin/env bash
# A few thousand generated pairs against the reference: differential_short.sh TOOL
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -d "$here/../node/node_modules/jsonata" ]; then
  echo "skipped: npm package jsonata is not installed in tests/node"
  exit 77
fi
exec "$here/../support/run_node" "$here/differential.mjs" --tool "$1" --pairs 4000 --seed 7
