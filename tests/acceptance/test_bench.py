"""The benchmarks run, and write what their page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (`[^|]+) \| ([^|]+) \|$", re.MULTILINE)
WORD = re.compile(r"`([a-z_]+)`")


def documented(key: str) -> set[str]:
    """The fields that the page names beside a key of the JSON."""
    text = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8").partition("## The JSON")[2]
    (fields,) = (fields for keys, fields in ROW.findall(text) if f"`{key}`" in keys)
    return set(WORD.findall(fields))


def test_a_small_graph_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    words = ("--shape", "chain-3", "--database", "sqlite", "--rounds", "1", "--json", str(file))
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bench", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert set(figures) == {"at", "machine", "engine"}
    assert set(figures["machine"]) == documented("machine")
    (shape,) = figures["engine"]["shapes"]
    measured = [shape[name] for name in ("floor", "bash", "rq")] + list(shape["databases"].values())
    assert list(shape["databases"]) == ["sqlite"]
    assert {*shape, *measured[0]} - {"databases"} == documented("engine.shapes[]") - {"databases"}
    assert (shape["nodes"], shape["edges"]) == (3, 2)
    for each in measured:
        assert each["seconds"] > 0
        assert len(each["all_seconds"]) == 1
    assert "chain of 3" in ended.stdout
