#!/bin/sh
# Installs a wheel in an environment of its own, far from this checkout, and uses it: the version, the shipped agents and
# templates, a workflow of one node in a new repository, and the page about it.
#
# Usage: requirements/try-wheel.sh WHEEL
#
# PYTHON names the interpreter (python3 without it). Nothing of the caller's environment is used but the configuration of pip.
set -eu

wheel=$(cd "$(dirname "$1")" && pwd -P)/$(basename "$1")
locks=$(cd "$(dirname "$0")" && pwd -P)
version=$(basename "$wheel" | cut -d- -f2)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

"${PYTHON:-python3}" -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
pip install --quiet --no-compile --no-deps --require-hashes --requirement "$locks/runtime.lock"
"$locks/server.sh" "$work/venv/bin/python" "$work"/venv/lib/python3*/site-packages "$locks/runtime.lock"
pip install --quiet --no-deps --no-index "$wheel"
pip check >/dev/null

mkdir -p "$work/home" "$work/repository/workflows"
cd "$work/repository"
cat >workflows/hello.yaml <<'YAML'
name: Hello
on: workflow_dispatch
nodes:
  hello: {run: 'echo "said=hello" >> "$GITHUB_OUTPUT"'}
YAML
git init --quiet
git add .
git -c user.name=Somebody -c user.email=somebody@example.com commit --quiet --message "Say hello"

mycelium() { env -i HOME="$work/home" PATH="$work/venv/bin:/usr/local/bin:/usr/bin:/bin" mycelium "$@"; }
[ "$(mycelium --version)" = "mycelium $version" ] ||
    fail "the wheel says it is $(mycelium --version), not $version"
mycelium agents list | grep -q code-reviewer || fail "the wheel has no shipped agents"
mycelium plan template:code-review >/dev/null || fail "the wheel has no templates"
mycelium validate >/dev/null
mycelium run hello || fail "a workflow of one node fails"
mycelium site build >/dev/null
[ -n "$(find .mycelium -name '*.html' | head -1)" ] || fail "the wheel builds no site"
say "$(basename "$wheel") works with $("$work/venv/bin/python" --version)"
