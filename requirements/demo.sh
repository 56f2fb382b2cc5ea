#!/bin/sh
# Runs the demo in the folder it stands in, a clone that `make demo` made, and says how to go on.
#
# Usage: requirements/demo.sh ENGINE BIN
#
# A person's answer is no failure of the demo: where "later" or "no" is why the execution did not complete, it ends
# with 0. BIN is the folder of the programs, to be said.
set -u

# Where it fails before there is an execution, the newest one is that of an earlier demo: its answer does not count.
began=$(date -u +%Y-%m-%dT%H:%M:%S)
code=0
mycelium run workflows/demo/three-agents.yaml --input "engine=$1" --approve-unattended || code=$?

answered=
case $code in 1 | 4) answered=$(mycelium executions show --json 2>/dev/null | python -c '
import json, sys
seen = json.load(sys.stdin)
stopped = [run for run in seen["node_runs"] if run["status"] == seen["status"]]
if seen["created_at"] >= sys.argv[1] and stopped and (
    seen["status"] == "waiting" or all(run["error_code"] == "APPROVAL_REJECTED" for run in stopped)
):
    print(seen["status"], seen["id"], stopped[0]["key"])
' "$began" 2>/dev/null) ;; esac

printf '\n  That was in a clone of this repository. To look around in it:\n'
printf '    export PATH="%s:$PATH"; cd "%s"\n' "$2" "$PWD"
# shellcheck disable=SC2086 # three words
set -- $answered
case "$code ${1-}" in
    '4 waiting')
        printf '  It waits for your answer. To keep the change, type those two, and:\n'
        printf '    mycelium executions approve %s %s\n' "$2" "$3"
        ;;
    '1 failed') printf '  You said no, so nothing was merged: what the agents made stays on the branch above.\n' ;;
    *) exit "$code" ;;
esac
