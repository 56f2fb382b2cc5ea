"""What shows inside a sandbox, and as what."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from orchestrator.runners.bwrap import View, arguments


def folders(root: Path, *names: str) -> list[Path]:
    made = [root / name for name in names]
    for folder in made:
        folder.mkdir(parents=True, exist_ok=True)
    return made


def layers(view: View, root: Path) -> list[tuple[str, str]]:
    """Option and place of everything below `root`; what is linked comes last."""
    words, inside = arguments(view), f"{root}/"
    single = ("--tmpfs", "--remount-ro")
    triples = zip(words, words[1:], words[2:], strict=False)
    found = [(option, first if option in single else second) for option, first, second in triples]
    options = ("--bind", "--ro-bind-try", "--symlink", *single)
    return [(each, place.removeprefix(inside)) for each, place in found if each in options and place.startswith(inside)]


def test_what_lies_further_in_comes_later(tmp_path: Path) -> None:
    app, cache, mirror, work = folders(tmp_path, "app", "app/cache", "app/cache/mirror/objects", "app/cache/work/mine")
    view = View(workspace=work, readable=[mirror, app], hidden=[cache])
    assert layers(view, tmp_path) == [
        ("--ro-bind-try", "app"),
        ("--tmpfs", "app/cache"),
        ("--ro-bind-try", "app/cache/mirror/objects"),
        ("--bind", "app/cache/work/mine"),
        ("--remount-ro", "app/cache"),
    ]


def test_what_shows_already_is_not_shown_again(tmp_path: Path) -> None:
    work, tools, inner = folders(tmp_path, "work", "tools", "tools/lib/x")
    view = View(workspace=work, readable=[inner, tools, tools, Path("/usr/lib"), Path("/etc/ssl/certs/x.pem")])
    assert layers(view, tmp_path) == [("--ro-bind-try", "tools"), ("--bind", "work")]
    assert "/usr/lib" not in arguments(view)


def test_what_nobody_shows_need_not_be_hidden(tmp_path: Path) -> None:
    work, home = folders(tmp_path, "work", "home")
    assert layers(View(workspace=work, hidden=[home, tmp_path / "none"]), tmp_path) == [("--bind", "work")]


def test_the_system_cannot_be_hidden(tmp_path: Path) -> None:
    """Where a service's home folder is `/usr`, say; but a folder of it can."""
    words = arguments(View(workspace=tmp_path, hidden=[Path("/usr"), Path("/"), Path("/usr/share")]))
    covered = [place for option, place in pairwise(words) if option == "--tmpfs"]
    assert set(covered) == {"/usr/share", "/tmp", "/dev/shm"}


def test_readable_folders_inside_the_workspace_stay_readable_only(tmp_path: Path) -> None:
    work, inner = folders(tmp_path, "work", "work/inner")
    assert layers(View(workspace=work, readable=[inner]), tmp_path) == [
        ("--bind", "work"),
        ("--ro-bind-try", "work/inner"),
    ]


def test_a_link_to_a_program_stays_one_and_a_link_to_a_folder_does_not(tmp_path: Path) -> None:
    (work, tools) = folders(tmp_path, "work", "tools")
    (tools / "program").touch()
    for name, target in (("program", tools / "program"), ("tools-now", tools)):
        (tmp_path / name).symlink_to(target)
    view = View(workspace=work, readable=[tmp_path / "program", tmp_path / "tools-now"])
    assert layers(view, tmp_path) == [("--symlink", "program"), ("--ro-bind-try", "tools-now"), ("--bind", "work")]


@pytest.mark.parametrize("name", ["shadow", "ssh", "sudoers", "environment", "gitconfig", "machine-id", "resolv.conf"])
def test_secrets_of_the_machine_are_not_among_its_configuration(tmp_path: Path, name: str) -> None:
    assert f"/etc/{name}" not in arguments(View(workspace=tmp_path))
