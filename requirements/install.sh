#!/bin/sh
# Creates the virtual environment `.venv` with the locked packages and this project, editable.
#
# Usage: requirements/install.sh LOCK
#
# A second run with the same lock, project file and place is a no-op; an interrupted one starts afresh. PYTHON names
# the interpreter to use; without it the newest Python of 3.11 and above that can make virtual environments is taken.
set -eu

lock=$1
cd "$(dirname "$0")/.."
stamp=.venv/installed

# The place is part of the key because an editable install and the scripts hold absolute paths.
key="$lock $(pwd -P) $(cat "$lock" pyproject.toml | cksum)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_venvs() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

find_python() {
    without_venv=
    for candidate in ${PYTHON:+"$PYTHON"} ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
        is_new_enough "$candidate" || continue
        if can_make_venvs "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        say "error: $without_venv cannot make virtual environments: its modules venv and ensurepip are missing."
        say "  Debian and Ubuntu keep them in a package of their own: apt install python3-venv"
    else
        say "error: Mycelium needs Python 3.11 or newer, and ${PYTHON:-none of the interpreters on PATH} is not."
        say "  Install one, or name it: make PYTHON=/path/to/python3.12 …"
    fi
    exit 2
}

# Without a stamp, whatever stands there is half made.
if [ ! -f "$stamp" ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    say "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
rm -f "$stamp"

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"; }
requirements/server.sh .venv/bin/python

say "Installing $(grep -c '==' "$lock") packages of $lock (a minute or two the first time)"
# The lock is complete. Without --no-deps older versions of pip would look for newer releases of a package that another
# one asks for with an extra, and refuse them for their hashes.
pip install --quiet --no-deps --require-hashes --requirement "$lock"
requirements/server.sh .venv/bin/python .venv/lib/python3*/site-packages "$lock"
say "Installing Mycelium itself"
pip install --quiet --no-deps --no-build-isolation --editable .
printf '%s\n' "$key" >"$stamp"
