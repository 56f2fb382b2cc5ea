#!/usr/bin/env bash
# Finds a Python that Mycelium runs on, and says where its packages belong: outputs `python`, `folder`, `key`,
# `ready`, and `agents-key`, under which coding agents are kept.
#
# The folder is named after everything that decides what is in it: the lock, the interpreter and the machine. On a runner
# that keeps its tool cache it stays for the next job.
set -euo pipefail

lock=$GITHUB_ACTION_PATH/requirements/runtime.lock

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${INPUT_PYTHON:+"$INPUT_PYTHON"} python3 python python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            # The interpreter itself: what stands on PATH may be a script that looks for it each time.
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
        if [ -n "${INPUT_PYTHON:-}" ]; then
            echo "::error title=Mycelium::the input python names ${INPUT_PYTHON//[^A-Za-z0-9._\/-]/?}, which is not Python 3.11 or newer" >&2
            return 2
        fi
    done
    echo "::error title=Mycelium::Mycelium needs Python 3.11 or newer: add actions/setup-python before this step" >&2
    return 2
}

# Every child knows it: what the runner sets for tools of other versions would mislead this one.
unset PYTHONHOME PYTHONPATH
python=$(find_python)
key=$("$python" -c '
import hashlib, pathlib, platform, sys, sysconfig
digest = hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes() + sys.executable.encode()).hexdigest()[:16]
print(f"mycelium-{platform.python_version()}-{sysconfig.get_platform()}-{digest}")
' "$lock")
agents=$("$python" -c '
import hashlib, pathlib, sys, sysconfig
files = [pathlib.Path(sys.argv[1]), *sorted(pathlib.Path().glob("workflows/**/*.y*ml")), pathlib.Path("mycelium.yaml")]
digest = hashlib.sha256()
for path in files:
    digest.update(path.read_bytes() if path.is_file() else b"")
digest.update("\0".join(sys.argv[2:]).encode())
print(f"{sysconfig.get_platform()}-{digest.hexdigest()[:16]}")
' "$GITHUB_ACTION_PATH/requirements/agents/package-lock.json" "${GITHUB_WORKFLOW:-}" "${GITHUB_JOB:-}")
place=${RUNNER_TOOL_CACHE:-$RUNNER_TEMP}/mycelium
if ! mkdir -p "$place" 2>/dev/null || [ ! -w "$place" ]; then
    place=$RUNNER_TEMP/mycelium-packages
fi
ready=false
if [ -f "$place/$key/complete" ]; then ready=true; fi
{
    echo "python=$python"
    echo "folder=$place/$key"
    echo "key=$key"
    # What one workflow of Actions needed last time, it mostly needs again; other files may name other agents.
    echo "agents-key=mycelium-agents-$agents"
    echo "ready=$ready"
} >>"$GITHUB_OUTPUT"
