#!/usr/bin/env bash
# Finds out which coding agents the job will need, where a look at its workflows says that it may need any.
set -euo pipefail

folder=${INPUT_WORKING_DIRECTORY:-.}
case $folder in
    /*) ;;
    *) folder=${GITHUB_WORKSPACE:-.}/$folder ;;
esac
workflows=$folder/${MYCELIUM_WORKFLOWS_DIR:-workflows}
case ${INPUT_WORKFLOW:-} in
    *template:*) ;;
    *) grep -rqsE '(agent|resolver)' --include='*.yaml' --include='*.yml' "$workflows" || exit 0 ;;
esac
exec "$GITHUB_ACTION_PATH/action/setup/start.sh" find-agents
