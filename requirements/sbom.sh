#!/bin/sh
# Writes what a release is made of, a CycloneDX document with every locked package and its hashes, into `dist/`.
#
# Usage: requirements/sbom.sh
#
# It is made from requirements/runtime.lock and the version alone: the same give the same document.
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
# Reproducible, it comes without a number, and actions/attest takes CycloneDX only with these three (its src/sbom.ts): so this
# one is made of what the document is made of.
.venv/bin/python - dist/mycelium.cdx.json "$version" <<'END'
import json, pathlib, sys, uuid
path, version = pathlib.Path(sys.argv[1]), sys.argv[2]
made_of = f"{version}\n{pathlib.Path('requirements/runtime.lock').read_text('utf-8')}"
document = json.loads(path.read_bytes())
document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, made_of)}"
if missing := [key for key in ("bomFormat", "serialNumber", "specVersion") if not document.get(key)]:
    sys.exit(f"error: {path} cannot be attested: it has no {' and no '.join(missing)}.")
path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
END
