#!/usr/bin/env bash
# Becomes the program: the runner sends its signals to this process alone, which a shell in between would keep.
set -euo pipefail

unset PYTHONHOME
export PYTHONPATH=$GITHUB_ACTION_PATH
# Not isolated by -P: the program is found through PYTHONPATH, and nothing in the working directory.
exec "$MYCELIUM_PACKAGES/bin/python" -P -m action "$@"
