#!/usr/bin/env bash
# Finds a Python that Mycelium runs on, and says where its packages belong: outputs `python`, and those of `places.py`.
# Nothing that lies in the working directory is imported: it is somebody's checkout.
set -euo pipefail

# The interpreter itself, where it is new enough: what stands on PATH may be a script that looks for it each time. Python
# before 3.11 has no -P.
itself() {
    "$1" -P -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys.executable)' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${INPUT_PYTHON:+"$INPUT_PYTHON"} python3 python python3.14 python3.13 python3.12 python3.11 \
        "${RUNNER_TOOL_CACHE:-/nowhere}"/Python/3.1[1-4]*/*/bin/python; do
        if itself "$candidate"; then
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

if [ "${RUNNER_OS:-}" = Windows ]; then
    echo "::error title=Mycelium::Mycelium runs on Linux and macOS, not on Windows: change runs-on" >&2
    exit 2
fi
# Every child knows it: what the runner sets for tools of other versions would mislead this one.
unset PYTHONHOME PYTHONPATH
python=$(find_python)
{
    echo "python=$python"
    "$python" -P "$GITHUB_ACTION_PATH/action/setup/places.py" "$GITHUB_ACTION_PATH"
} >>"$GITHUB_OUTPUT"
