#!/usr/bin/env bash
# The tests, in two lanes side by side: what needs workers and faults mostly waits, the rest mostly computes.
#   scripts/test.sh             both lanes; the second one's output follows the first's
#   scripts/test.sh ARG...      one lane, with pytest's own arguments
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PYTEST=(.venv/bin/python -m pytest)
readonly SLOW="chaos or integration"

if [ $# -gt 0 ]; then exec "${PYTEST[@]}" "$@"; fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${PYTEST[@]}" -m "not soak and not ($SLOW)" -o cache_dir=.pytest_cache/plain >"$log" 2>&1 &
plain=$!
failed=0
"${PYTEST[@]}" -m "not soak and ($SLOW)" || failed=$?
wait "$plain" || failed=$?
cat "$log"
exit "$failed"
