#!/usr/bin/env bash
# Pin requirements*.txt and the peers' quix.txt again from their .in files: hashes of every file, no addresses, no index options.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TOOLS=.carillon/lock PIP_TOOLS=7.6.2
export PIP_FIND_LINKS=

if [ ! -x "$TOOLS/bin/pip-compile" ]; then
    .venv/bin/python -m venv --clear "$TOOLS"
    "$TOOLS/bin/pip" install --quiet --disable-pip-version-check "pip-tools==$PIP_TOOLS"
fi
for name in requirements requirements-dev benchmarks/peers/quix; do
    "$TOOLS/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file "$name.txt" "$name.in"
done
