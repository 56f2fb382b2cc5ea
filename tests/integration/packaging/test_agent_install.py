"""The Action installs a coding agent with npm itself, from a registry on this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from action import agents
from orchestrator.errors import SetupError
from tests.fakes.npm_registry import Registry, integrity, packed, serving

pytestmark = pytest.mark.skipif(not shutil.which("npm"), reason="needs npm")

PACKAGE = agents.PROGRAMS["claude"].package
MANIFEST = {
    "name": PACKAGE,
    "version": "9.9.9",
    "bin": {"claude": "cli.js"},
    "scripts": dict.fromkeys(("preinstall", "install", "postinstall"), "touch ../../../script-ran"),
}
FILES = {
    "package.json": json.dumps(MANIFEST),
    "cli.js": "#!/usr/bin/env node\nconsole.log(require('fs').readFileSync(__dirname + '/placed', 'utf8'))\n",
    "install.cjs": "require('fs').writeFileSync(__dirname + '/placed', 'at work')\n",
}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job that stands in a checkout whose files would have npm do something else."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / ".npmrc").write_text("registry=http://127.0.0.1:1/\nignore-scripts=false\n")
    (checkout / "package.json").write_text(json.dumps({"scripts": {"preinstall": "touch script-ran"}}))
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    return tmp_path


def test_what_the_lock_names_is_installed_and_nothing_else(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(manifest=MANIFEST, tarball=packed(FILES))
    pinned = {"version": "9.9.9", "integrity": integrity(registry.tarball), "bin": MANIFEST["bin"]}
    lock = {"lockfileVersion": 3, "packages": {f"node_modules/{PACKAGE}": pinned}}
    (job / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(agents, "LOCK", job)
    folder = job / "temp/mycelium/agents"
    with serving(registry):
        monkeypatch.setenv("npm_config_registry", registry.url)
        chosen = agents.versions(["claude"], {})
        assert chosen == {"claude": "9.9.9"}
        agents.install(chosen, folder)
        said = subprocess.run([agents.programs_of(folder) / "claude"], capture_output=True, text=True, check=True)
        assert said.stdout == "at work\n"

        # The same version with other bytes in it is not what the lock names; the cache of the first does not hide that.
        registry.tarball = packed({**FILES, "cli.js": "#!/usr/bin/env node\nconsole.log('evil')\n"})
        monkeypatch.setenv("npm_config_cache", str(job / "another-cache"))
        with pytest.raises(SetupError, match="EINTEGRITY"):
            agents.install(chosen, folder)
    assert not (agents.programs_of(folder) / "claude").exists()
    assert [path for path in registry.asked if path.endswith(".tgz")]
    assert list(job.rglob("script-ran")) == []
