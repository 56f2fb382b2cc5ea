#!/bin/sh
# Prints README.md as others show it who do not have the repository's files: links and the picture lead to the release's
# tag on GitHub.
#
# Usage: requirements/readme.sh
set -eu

cd "$(dirname "$0")/.."
address=$(sed -n 's/^Repository = "\(.*\)"$/\1/p' pyproject.toml)
tag=v$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' orchestrator/__init__.py)
# What has a colon is an address already, the pictures' new ones included.
sed -E "s|(!\[[^]]*\]\()([^:#)]+\))|\1$address/raw/$tag/\2|g; s|(\]\()([^:#)]+[^:)]*\))|\1$address/blob/$tag/\2|g" README.md
