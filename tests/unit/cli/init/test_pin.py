"""Which commit the Action is pinned at, by the tags that its repository has."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.cli.init.pin import ACTION, is_pinned, pinned
from orchestrator.git.published_tags import published_tags

A, B = "a" * 40, "b" * 40
NAME = "mycelium-orchestrator/mycelium"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"v0.2.0": A, "v0.3.0": B, "v0": B}, f"{NAME}@{A} # v0.2.0"),
        ({"v0.1.0": A, "v0.10.0": B, "v0.9.0": B, "v0": B, "v0.11.0-rc1": B}, f"{NAME}@{B} # v0.10.0"),
        ({"v0": B, "v0.1.0": A}, f"{NAME}@{B} # v0"),
        ({"v0.1.0": A}, None),
        ({}, None),
    ],
)
def test_the_release_of_this_version_goes_before_the_newest(tags: Mapping[str, str], expected: str | None) -> None:
    found = pinned(tags, "0.2.0")
    assert found == expected
    assert found is None or is_pinned(found)


def test_a_tag_is_no_pin() -> None:
    assert not is_pinned(ACTION)
    assert not is_pinned(f"{NAME}@{A[:12]}")
    assert is_pinned(f"octo/mycelium@{A}")


def test_tags_are_read_without_a_word_from_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.invalid")
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "One")
    for name in ("v1.0.0", "other"):
        git("tag", "--annotate", "--message", "Signed", name)
    git("tag", "v1")
    commit = git("rev-parse", "HEAD")
    environ = {"PATH": os.environ["PATH"]}
    assert published_tags(str(tmp_path), "v*", environ) == {"v1.0.0": commit, "v1": commit}
    program = tmp_path / "ran"
    for nowhere in (str(tmp_path / "x"), f"ext::touch {program}", "--upload-pack=x", "ssh://127.0.0.1/x"):
        assert published_tags(nowhere, "v*", environ) == {}
    assert not program.exists()
    monkeypatch.setattr("orchestrator.git.published_tags._SECONDS", 0.0)
    assert published_tags(str(tmp_path), "v*", environ) == {}
