"""The composition root: nothing of GitHub is loaded or contacted before something is asked of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import app
from orchestrator import settings as configuration
from tests.fakes.github_key import key_pair

BUILD = """
import sys
from pathlib import Path
from orchestrator import app, settings

environ = {"MYCELIUM_GITHUB_TOKEN": "ghp_x", "GITHUB_REPOSITORY": "octo/demo"}
found = app.github(settings.load(Path("."), environ), "redis://127.0.0.1:1")
assert found and found.repository == "octo/demo" and not found.abilities.check_runs
print([name for name in ("github", "requests", "jwt") if name in sys.modules])
"""

AT_ONCE = """
import sys, threading
from pathlib import Path
from orchestrator import app, settings

environ = {"MYCELIUM_GITHUB_TOKEN": "ghp_x", "GITHUB_REPOSITORY": "octo/demo"}
found = app.github(settings.load(Path("."), environ), None)
gate, failed = threading.Barrier(4), []

def first(begin):
    gate.wait()
    try:
        begin()
    except BaseException as error:
        failed.append(repr(error))

begins = [lambda: found._wire, lambda: found._repo, lambda: found._commit("0" * 40), lambda: found._comment(1)]
threads = [threading.Thread(target=first, args=[begin]) for begin in begins]
sys.setswitchinterval(1e-6)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failed)
"""


def test_threads_that_need_it_first_at_once_all_get_it(tmp_path: Path) -> None:
    """PyGithub's modules import each other in circles: by two ways in, each thread would find the other's half made."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_a_credential_there_is_no_github(tmp_path: Path) -> None:
    assert app.github(configuration.load(tmp_path, {"HOME": str(tmp_path)}), None) is None


@pytest.mark.parametrize("key", [key_pair()[0], key_pair()[0].replace("\n", "\\n")])
def test_what_is_secret_is_masked_in_what_nodes_print(tmp_path: Path, key: str) -> None:
    from orchestrator.lifecycle.masking import Mask

    environ = {
        "HOME": str(tmp_path),
        "MYCELIUM_GITHUB_TOKEN": "ghp_secret",
        "MYCELIUM_GITHUB_APP_ID": "1",
        "MYCELIUM_GITHUB_PRIVATE_KEY": key,
        "GITHUB_REPOSITORY": "octo/demo",
    }
    services = app.build(configuration.load(tmp_path, environ), redis_url=None, instance="x")
    services.logs.close()
    services.store.close()
    assert services.github
    mask = Mask(services.hidden)
    line = key_pair()[0].splitlines()[3]
    assert mask.text(f"printed ghp_secret and {line}") == "printed *** and ***"
    assert "ghp_secret" not in repr(services)


def test_the_path_of_a_key_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(key_pair()[0], encoding="ascii")
    environ = {
        "HOME": str(tmp_path),
        "MYCELIUM_GITHUB_APP_ID": "1",
        "MYCELIUM_GITHUB_PRIVATE_KEY": "app.pem",
        "GITHUB_REPOSITORY": "octo/demo",
    }
    services = app.build(configuration.load(tmp_path, environ), redis_url=None, instance="x")
    services.logs.close()
    services.store.close()
    assert services.hidden == ()


@pytest.mark.parametrize(
    ("instance", "public_url", "listens"),
    [
        (app.SHARED_INSTANCE, "https://mycelium.example", True),
        (app.SHARED_INSTANCE, "", False),
        ("of-a-single-run", "https://mycelium.example", False),
    ],
)
def test_buttons_are_for_the_instance_that_github_can_reach(
    tmp_path: Path, instance: str, public_url: str, listens: bool
) -> None:
    environ = {"HOME": str(tmp_path), "MYCELIUM_PUBLIC_URL": public_url}
    services = app.build(configuration.load(tmp_path, environ), redis_url=None, instance=instance)
    services.logs.close()
    services.store.close()
    assert services.listens is listens
