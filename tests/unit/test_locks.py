"""The lock files fit pyproject.toml and carry nothing but pins and hashes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINE = re.compile(r"[a-z0-9-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def group(name: str) -> Iterator[str]:
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


def extra(name: str) -> Iterator[str]:
    yield from PROJECT["project"]["optional-dependencies"][name]


def applies(requirement: Requirement, python: str) -> bool:
    """Whether an installer for `python` on Linux heeds it."""
    machine = {"sys_platform": "linux", "platform_machine": "x86_64"}
    environment = {"python_version": python, "python_full_version": f"{python}.9", **machine}
    return requirement.marker is None or Marker(str(requirement.marker)).evaluate(environment)


def pins(lock: str, python: str) -> dict[str, str]:
    """Version by name, as an installer for `python` on Linux reads the lock."""
    found = {}
    for line in (LOCKS / f"{lock}.lock").read_text(encoding="utf-8").splitlines():
        if "==" in line.split(";")[0]:
            requirement = Requirement(line.rstrip("\\ "))
            if applies(requirement, python):
                found[canonicalize_name(requirement.name)] = next(iter(requirement.specifier)).version
    return found


WANTED = {
    "runtime": list(PROJECT["project"]["dependencies"]),
    "dev": [*PROJECT["project"]["dependencies"], *group("dev")],
    "image": [*PROJECT["project"]["dependencies"], *extra("postgres"), *extra("blackboard")],
    "tools": list(group("tools")),
    "linters": list(group("linters")),
}


@pytest.mark.parametrize("lock", WANTED)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_pins_every_requirement_within_its_range(lock: str, python: str) -> None:
    pinned = pins(lock, python)
    requirements = [each for each in map(Requirement, WANTED[lock]) if applies(each, python)]
    assert requirements
    unmet = [str(r) for r in requirements if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"))]
    assert not unmet, "run `make lock`"


@pytest.mark.parametrize("lock", WANTED)
def test_a_lock_holds_only_pins_and_hashes(lock: str) -> None:
    lines = (LOCKS / f"{lock}.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ["dev", "image", "tools", "linters"])
def test_locks_agree_on_shared_packages(lock: str, python: str) -> None:
    other, dev = pins(lock, python), pins("runtime" if lock == "dev" else "dev", python)
    differing = {name for name in other.keys() & dev.keys() if other[name] != dev[name]}
    assert not differing
    assert lock != "dev" or dev.keys() <= other.keys()


def from_npm(part: str) -> dict[str, dict[str, Any]]:
    """The lock's packages, by name."""
    lock = json.loads((LOCKS / part / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["lockfileVersion"] == 3
    return {name.removeprefix("node_modules/"): package for name, package in lock["packages"].items() if name}


FROM_NPM = {
    "agents": {"@anthropic-ai/claude-code", "@openai/codex"},
    "github": {"@octokit/openapi", "@octokit/webhooks-examples"},
    "linters": {"@actions/workflow-parser"},
}


@pytest.mark.parametrize("part", FROM_NPM)
def test_what_comes_from_npm_is_pinned_as_the_project_asks(part: str) -> None:
    wanted = json.loads((LOCKS / part / "package.json").read_text(encoding="utf-8"))["dependencies"]
    installed = from_npm(part)
    assert FROM_NPM[part] == wanted.keys()
    assert {name: installed[name]["version"] for name in wanted} == wanted, "run `make lock`"


@pytest.mark.parametrize("part", FROM_NPM)
def test_what_comes_from_npm_is_locked_by_hashes_alone(part: str) -> None:
    installed = from_npm(part).values()
    assert all(re.fullmatch(r"sha512-[\w+/]{86}==", package["integrity"]) for package in installed)
    # Where an author takes donations is no place that something comes from.
    assert "://" not in json.dumps([{**package, "funding": None} for package in installed])


def test_the_agents_are_locked_for_every_system() -> None:
    installed = from_npm("agents")
    platforms = {name for package in installed.values() for name in package.get("optionalDependencies", ())}
    assert len(platforms) > 2
    assert platforms <= installed.keys()
    # npm 10 forgets them, and then installs the programs for both.
    assert {package["libc"][0] for package in installed.values() if "libc" in package} == {"glibc", "musl"}
