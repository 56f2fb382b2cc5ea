#!/usr/bin/env bash
# Compiles the packages before they are kept, on all processors: what a job compiles later is kept nowhere, so that each
# would compile again what it imports. What packages bring to test themselves nobody imports. Nothing fails with it.
set -euo pipefail

cd "$MYCELIUM_PACKAGES"
unset PYTHONHOME PYTHONPATH
bin/python -P -m compileall -q -j 0 -x '/(tests|testing)/' lib/python3*/site-packages || true
