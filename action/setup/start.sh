#!/usr/bin/env bash
# Becomes the program: the runner sends its signals to this process alone, which a shell in between would keep.
set -euo pipefail

unset PYTHONHOME
export PYTHONPATH=$GITHUB_ACTION_PATH
# Our files come without compiled ones. Where these cannot be written, they are compiled in memory.
if [ -d "$MYCELIUM_PACKAGES/compiled" ] && [ ! -e "$GITHUB_ACTION_PATH/action/__pycache__" ]; then
    cp -R "$MYCELIUM_PACKAGES/compiled/." "$GITHUB_ACTION_PATH/" 2>/dev/null || true
fi
# Not isolated by -P: the program is found through PYTHONPATH, and nothing in the working directory.
exec "$MYCELIUM_PACKAGES/bin/python" -P -m action "$@"
