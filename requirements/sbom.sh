#!/bin/sh
# Writes what a release is made of, a CycloneDX document with every locked package and its hashes, into `dist/`.
#
# Usage: requirements/sbom.sh
#
# It is made from requirements/runtime.lock alone: the same lock gives the same document.
set -eu

cd "$(dirname "$0")/.."
mkdir -p dist
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' orchestrator/__init__.py)
project=$(mktemp)
trap 'rm -f "$project"' EXIT
# The tool asks no build system for a version, and takes the one that is written.
sed "s/^dynamic = .*/version = \"$version\"/" pyproject.toml >"$project"
# A lock says what there is, not what needs what: the tool warns of a graph without edges, which is meant.
PYTHONWARNINGS=ignore .venv/bin/cyclonedx-py requirements requirements/runtime.lock --pyproject "$project" --mc-type application \
    --output-reproducible --output-format JSON --output-file dist/mycelium.cdx.json
