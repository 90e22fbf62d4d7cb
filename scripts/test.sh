#!/usr/bin/env bash
# The tests, in two lanes side by side, about equally long: the faults mostly wait, the rest mostly computes.
#   scripts/test.sh             both lanes; the second one's output follows the first's
#   scripts/test.sh ARG...      one lane, with pytest's own arguments
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTEST=(.venv/bin/python -m pytest)

if [ $# -gt 0 ]; then exec "${PYTEST[@]}" "$@"; fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${PYTEST[@]}" -m "not soak and not chaos" -o cache_dir=.pytest_cache/rest >"$log" 2>&1 &
rest=$!
failed=0
"${PYTEST[@]}" -m "not soak and chaos" || failed=$?
wait "$rest" || failed=$?
cat "$log"
exit "$failed"
