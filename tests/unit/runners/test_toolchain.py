"""Which tools outside the system a confined program sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.runners.toolchain import installation, toolchain


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def link(path: Path, target: Path | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def test_a_folder_on_path_shows_itself_and_what_programs_use_beside_it(home: Path) -> None:
    program(home / ".cargo/bin/cargo")
    program(home / ".cargo/lib/x")
    program(home / ".cargo/credentials.toml")
    shown = toolchain({"PATH": f"{home}/.cargo/bin:/usr/bin:/opt/x/bin:relative:"}, home)
    assert shown == (home / ".cargo/bin", home / ".cargo/lib")


def test_of_the_home_folder_itself_only_programs_are_shown(home: Path) -> None:
    for name in ("bin/tool", "lib/private", ".ssh/id"):
        program(home / name)
    assert toolchain({"PATH": f"{home}/bin:{home}:{home.parent}"}, home) == (home / "bin",)


def test_a_virtual_environment_is_shown_whole_and_with_its_interpreter(home: Path) -> None:
    program(home / "python/3.11/bin/python3.11")
    program(home / "python/3.11/lib/python3.11/os.py")
    program(home / "project/.venv/pyvenv.cfg")
    link(home / "project/.venv/bin/python3", home / "python/3.11/bin/python3.11")
    link(home / "project/.venv/bin/python", "python3")
    program(home / "project/.env")
    shown = toolchain({"PATH": f"{home}/project/.venv/bin"}, home)
    assert {home / "project/.venv", home / "python/3.11/bin", home / "python/3.11/lib"} <= set(shown)
    assert not [path for path in shown if (home / "project/.env").is_relative_to(path)]


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "PYENV_ROOT", "JAVA_HOME", "LD_LIBRARY_PATH", "NODE_EXTRA_CA_CERTS"])
def test_variables_name_installations_and_certificates_but_never_the_home_folder(home: Path, name: str) -> None:
    place = home / "place"
    assert toolchain({name: str(place)}, home) == (place,)
    assert toolchain({name: str(home)}, home) == ()
    assert toolchain({name: f"{home}/x/.."}, home) == ()
    assert toolchain({name: "/"}, home) == ()


def test_a_program_from_npm_shows_the_packages_around_it(home: Path) -> None:
    packages = home / ".nvm/v22/lib/node_modules"
    program(packages / "@openai/codex/bin/codex.js", "#!/usr/bin/env node\n")
    program(home / ".nvm/v22/bin/node").chmod(0o755)
    codex = link(home / ".nvm/v22/bin/codex", "../lib/node_modules/@openai/codex/bin/codex.js")
    shown = installation(codex, {"PATH": f"{home}/.nvm/v22/bin"}, home)
    assert shown == (codex, packages, home / ".nvm/v22/bin", home / ".nvm/v22/lib")


def test_a_program_alone_in_a_home_folder_is_shown_alone(home: Path) -> None:
    program(home / ".local/share/claude/versions/2.1.330")
    program(home / ".local/share/keyrings/login.keyring")
    claude = link(home / ".local/bin/claude", home / ".local/share/claude/versions/2.1.330")
    assert installation(claude, {"PATH": "/usr/bin"}, home) == (claude, home / ".local/share/claude/versions/2.1.330")


def test_links_that_go_round_in_a_circle_end_somewhere(home: Path) -> None:
    first = link(home / "bin/a", home / "bin/b")
    link(home / "bin/b", first)
    assert home / "bin/a" in installation(first, {}, home)
