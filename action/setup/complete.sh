#!/usr/bin/env bash
# Compiles what this job had no need of, before its packages are kept: the next job may do something else with them.
# Nobody waits for it, and nothing fails with it.
set -euo pipefail

unset PYTHONHOME
export PYTHONPATH=$GITHUB_ACTION_PATH
"$MYCELIUM_PACKAGES/bin/python" -P "$GITHUB_ACTION_PATH/action/setup/imports.py" "$GITHUB_ACTION_PATH" || true
