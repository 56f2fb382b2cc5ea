"""What others check GitHub's files with says no to files that GitHub would refuse, and to careless ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linting import findings, findings_in_workflow, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

CAREFUL = """\
name: Careful
on: workflow_dispatch
permissions: {}
concurrency:
  group: careful
  cancel-in-progress: false
jobs:
  look:
    name: Look
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - run: git log -1
"""
CARELESS = """\
name: Careless
on: issues
jobs:
  look:
    runs-on: ubuntu-latest
    timeout: 5
    steps:
      - uses: actions/checkout@v7
      - run: echo ${{ gihub.ref }} ${{ github.event.issue.title }}
"""
ACTION = """\
name: Careless
description: Says a secret
runs:
  using: composite
  steps:
    - run: echo "${{ secrets.TOKEN }}"
      shell: bash
      working_directory: .
"""
DOCKERFILE = "FROM python\nRUN cd /app && pip install requests\n"


def test_every_program_finds_what_is_its_to_find(tmp_path: Path) -> None:
    (tmp_path / "action.yml").write_text(ACTION, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")

    found = dict(text.split(":\n", 1) for text in findings_in_workflow(CARELESS, tmp_path))

    assert "mycelium.yml:6:5: Unexpected value 'timeout'" in found["GitHub's parser"]
    assert "mycelium.yml:9:19: Unrecognized named-value: 'gihub'" in found["GitHub's parser"]
    assert "action.yml:6:18: Unrecognized named-value: 'secrets'" in found["GitHub's parser"]
    assert "'timeout' was unexpected" in found["SchemaStore: workflow"]
    assert "'working_directory' was unexpected" in found["SchemaStore: action"]
    assert 'undefined variable "gihub"' in found["actionlint"]
    assert "DL3003" in found["hadolint"]


def test_what_is_well_formed_and_careless_is_found(tmp_path: Path) -> None:
    careless = CAREFUL.replace("persist-credentials: false", "fetch-depth: 0")
    (found,) = findings_in_workflow(careless, tmp_path)
    assert found.startswith("zizmor:\n")
    assert "artipacked" in found


def test_a_folder_without_such_files_has_nothing_wrong(tmp_path: Path) -> None:
    assert findings(tmp_path) == []
