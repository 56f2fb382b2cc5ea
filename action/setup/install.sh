#!/usr/bin/env bash
# Installs the locked packages that a run needs into MYCELIUM_PACKAGES, whole or not at all; output `installed` is true
# where that took place. Nothing is installed but what the lock's hashes name, and no package runs code of its own.
set -euo pipefail

lock=$GITHUB_ACTION_PATH/requirements/runtime.lock
# What only servers import: they listen on HTTP, and a job does not.
needless="annotated-doc anyio fastapi h11 starlette uvicorn"
if [ -f "$MYCELIUM_PACKAGES/complete" ]; then
    exit 0
fi
unset PYTHONHOME PYTHONPATH
# Beside it and renamed at the end: jobs of one machine may do the same at the same time.
made=$MYCELIUM_PACKAGES.$$
trap 'rm -rf "$made"' EXIT
mkdir -p "$(dirname "$made")"
began=$SECONDS
"$MYCELIUM_PYTHON" -m venv --without-pip "$made"
if ! "$MYCELIUM_PYTHON" -m pip --version >/dev/null 2>&1; then
    echo "::error title=Mycelium::$MYCELIUM_PYTHON has no pip: add actions/setup-python before this step" >&2
    exit 2
fi
awk -v needless=" $needless " '/^[a-z]/ { split($1, name, "=="); skip = index(needless, " " name[1] " ") } !skip' \
    "$lock" >"$made/requirements.txt"
"$MYCELIUM_PYTHON" -m pip --python "$made/bin/python" --disable-pip-version-check --no-input install --quiet \
    --no-deps --require-hashes --only-binary :all: --no-compile --requirement "$made/requirements.txt"
touch "$made/complete"
count=$(grep -c '^[a-z]' "$made/requirements.txt")
# Another job may have been quicker, or have died in the middle.
if [ ! -f "$MYCELIUM_PACKAGES/complete" ]; then
    rm -rf "$MYCELIUM_PACKAGES"
    mv "$made" "$MYCELIUM_PACKAGES"
fi
echo "Installed $count packages in $((SECONDS - began)) s."
echo "installed=true" >>"$GITHUB_OUTPUT"
