"""What publishes the project says what it does: the workflow of releases, its scripts, and the image."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from orchestrator import __version__
from orchestrator.cli.init.actions_file import ACTION
from orchestrator.cli.program import SECTIONS
from tests.pictures.__main__ import MADE_WITH
from tests.pictures.png import software
from webhooks.app import create_app

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
USES = re.compile(r"uses: (\S+)@(\S+)(?: # (\S+))?$", re.MULTILINE)
VERBS = {name for section in SECTIONS.values() for name in section}


def workflow(name: str) -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(ROOT / ".github" / "workflows" / name)
    return read


def script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "requirements" / name, *words], capture_output=True, text=True, check=False, cwd=ROOT.parent
    )


@pytest.mark.parametrize("part", ["sdist", "wheel"])
def test_a_build_that_fails_says_why(part: str, tmp_path: Path) -> None:
    """In a checkout of two scripts, with a builder that does one half of it only."""
    python = tmp_path / ".venv/bin/python"
    files = {
        "requirements/build.sh": (ROOT / "requirements/build.sh").read_text(encoding="utf-8"),
        "requirements/readme.sh": "#!/bin/sh\n",
        str(python): f"#!/bin/sh\necho building; [ $5 != {part} ] || {{ echo 'no such file' >&2; exit 3; }}\n"
        "mkdir -p $7 && tar -c -z -f $7/it.tar.gz requirements\n",
        ".gitignore": ".venv\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    for words in ("init --quiet", "add --all", "-c user.name=x -c user.email=x commit --quiet --message x"):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True)
    done = subprocess.run(
        [tmp_path / "requirements/build.sh"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "building\nno such file\n")


def dockerfile() -> Iterator[tuple[str, str]]:
    """Instruction and rest of each line, continued lines joined, comments left out."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return ((line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line)


def test_an_action_is_one_commit_with_its_version_everywhere() -> None:
    uses = {match for file in WORKFLOWS for match in USES.findall(file.read_text(encoding="utf-8"))}
    assert len(uses) > 5
    assert [
        use for use in uses if not re.fullmatch(r"[0-9a-f]{40}", use[1]) or not re.match(r"v\d+\.\d+\.\d+$", use[2])
    ] == []
    assert len({action for action, _, _ in uses}) == len(uses)


def test_only_what_signs_or_publishes_may_speak_as_this_workflow() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert {name for name, job in jobs.items() if "id-token" in job["permissions"]} == {"attest", "publish", "image"}
    assert {name for name, job in jobs.items() if job["permissions"].get("contents") == "write"} == {"release"}
    assert {name: job["environment"] for name, job in jobs.items() if "environment" in job} == {
        "publish": "pypi",
        "image": "ghcr",
    }
    assert jobs["publish"]["permissions"] == {"id-token": "write"}


def test_nothing_is_published_before_the_wheel_was_tried_and_attested() -> None:
    jobs = workflow("release.yml")["jobs"]

    def before(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*map(before, direct))

    assert before("publish") == {"attest", "build", "try"}
    assert before("image") == {"attest", "build", "try"}
    assert before("release") == {"attest", "build", "try", "publish", "image"}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_what_workflows_call_is_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    scripts = set(re.findall(r"requirements/[\w-]+\.sh|\.ci/run", text))
    called = re.findall(r"run: make (.*)", text)
    targets = {target for line in called for target in shlex.split(line) if "=" not in target}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert scripts | targets
    assert [name for name in scripts if not (ROOT / name).stat().st_mode & 0o100] == []
    assert [name for name in targets if f"\n{name}:" not in makefile] == []


def test_a_tag_has_to_fit_the_project() -> None:
    assert script("release-version.sh", f"v{__version__}").stdout == f"{__version__}\n"
    assert script("release-version.sh", __version__).returncode == 2
    wrong = script("release-version.sh", "v99.0.0")
    assert wrong.returncode == 2
    assert f"would have to be v{__version__}" in wrong.stderr


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").glob("*.png")), ids=lambda picture: picture.name)
def test_pictures_show_this_version(picture: Path) -> None:
    data = picture.read_bytes()
    assert software(data) == MADE_WITH, "make pictures"
    assert len(data) < 250_000


def test_where_only_readme_is_shown_its_links_lead_somewhere() -> None:
    address = f"https://github.com/{ACTION.partition('@')[0]}"
    written = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = script("readme.sh").stdout
    relative = [link for link in re.findall(r"\]\(([^)]+)\)", written) if not link.startswith("https://")]
    assert len(relative) > 10
    assert re.findall(r"\]\((?!https://)[^)]*\)", shown) == []
    assert f"]({address}/raw/v{__version__}/docs/images/pull-request.png)" in shown
    assert f"]({address}/blob/v{__version__}/docs/getting-started.md#how-long-it-takes)" in shown
    assert [line.partition("](")[0] for line in shown.split("\n")] == [
        line.partition("](")[0] for line in written.split("\n")
    ]


def test_the_notes_of_a_release_are_its_part_of_the_changelog() -> None:
    notes = script("release-notes.sh", __version__)
    assert "### Added\n" in notes.stdout
    assert "\n## " not in notes.stdout
    missing = script("release-notes.sh", "99.0.0")
    assert missing.returncode == 2
    assert "CHANGELOG.md has nothing under" in missing.stderr


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder: GitHub's client answers from `releases` and `refs` in it, refuses with `refusal`, and notes `calls`."""
    answers = 'case $* in *"/releases "*) cat releases; exit ;; *matching-refs*) cat refs; exit ;; esac'
    refusal = "if [ -e refusal ]; then cat refusal >&2; exit 1; fi"
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncd '{tmp_path}'\n{answers}\necho \"$@\" >>calls\n{refusal}\n")
    program.chmod(0o755)
    (tmp_path / "refs").write_text("refs/tags/v0\nrefs/tags/v0.1.0\n")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/widgets")
    return tmp_path


@pytest.mark.parametrize(
    ("releases", "released", "moved"),
    [
        (["v0.1.0 false", "v0.2.0 false", "v0.10.0 false"], "v0.10.0", True),
        (["v0.1.0 false", "v0.1.1 false", "v0.2.0 false"], "v0.1.1", False),
        (["v0.1.0 false", "v0.2.0rc1 false"], "v0.2.0rc1", False),
        (["v0.1.0 false", "v0.2.0rc1 false"], "v0.1.0", True),
        (["v0.2.0 true", "v0.1.1 false"], "v0.1.1", True),
        (["v1.0.0 false", "v0.1.1 false"], "v0.1.1", True),
        ([], "v0.1.1", True),
    ],
)
def test_the_moving_tag_goes_to_the_newest_release_alone(
    gh: Path, releases: list[str], released: str, moved: bool
) -> None:
    (gh / "releases").write_text("".join(f"{each}\n" for each in releases))
    done = script("move-tag.sh", released, "0" * 40)
    assert done.returncode == 0, done.stderr
    calls = (gh / "calls").read_text() if moved else ""
    assert (gh / "calls").exists() is moved
    assert ("PATCH repos/acme/widgets/git/refs/tags/v0 " in calls) is moved
    assert (f"sha={'0' * 40}" in calls) is moved


def test_the_moving_tag_is_made_where_there_is_none(gh: Path) -> None:
    (gh / "releases").write_text("v0.1.0 false\n")
    (gh / "refs").write_text("refs/tags/v0.1.0\n")
    assert script("move-tag.sh", "v0.1.0", "0" * 40).returncode == 0
    (call,) = (gh / "calls").read_text().splitlines()
    assert "POST repos/acme/widgets/git/refs --raw-field ref=refs/tags/v0 " in call


def test_a_refusal_to_move_it_is_told_with_what_to_do(gh: Path) -> None:
    (gh / "releases").write_text("v0.1.0 false\n")
    (gh / "refusal").write_text("gh: Resource not accessible by integration (HTTP 403)\n")
    done = script("move-tag.sh", "v0.1.0", "0" * 40)
    assert done.returncode == 1
    assert "gh: Resource not accessible by integration (HTTP 403)" in done.stderr
    assert "git push --force origin v0.1.0^{commit}:refs/tags/v0" in done.stderr
    assert len((gh / "calls").read_text().splitlines()) == 1


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """What the list of parts is made from, with a tool that writes no number, as the real one does."""
    for name in ("requirements/sbom.sh", "requirements/runtime.lock", "pyproject.toml", "orchestrator/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    tool = tmp_path / ".venv/bin/cyclonedx-py"
    tool.parent.mkdir(parents=True)
    tool.write_text('#!/bin/sh\nfor last; do :; done\ncat tool-says >"$last"\n')
    tool.chmod(0o755)
    (tool.parent / "python").symlink_to(sys.executable)
    (tmp_path / "tool-says").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6"}')
    return tmp_path


def listed(parts: Path) -> dict[str, str]:
    subprocess.run([parts / "requirements/sbom.sh"], check=True, cwd=ROOT.parent)
    read: dict[str, str] = json.loads((parts / "dist/mycelium.cdx.json").read_bytes())
    return read


def test_the_list_of_parts_has_what_it_is_attested_with(parts: Path) -> None:
    """What actions/attest asks for in src/sbom.ts: https://github.com/actions/attest"""
    first = listed(parts)
    assert {"bomFormat", "serialNumber", "specVersion"} <= set(first)
    assert re.fullmatch(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first["serialNumber"]
    )
    assert listed(parts) == first
    with (parts / "requirements/runtime.lock").open("a") as lock:
        lock.write("one==1\n")
    assert listed(parts)["serialNumber"] != first["serialNumber"]


def test_a_list_of_parts_that_cannot_be_attested_is_an_error(parts: Path) -> None:
    (parts / "tool-says").write_text('{"bomFormat": "CycloneDX"}')
    done = subprocess.run([parts / "requirements/sbom.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "it has no specVersion" in done.stderr


def test_releases_wait_for_no_other() -> None:
    """Of those that wait for one that is asked about, GitHub would keep the last alone."""
    assert "github.ref" in workflow("release.yml")["concurrency"]["group"]


def test_the_image_is_made_of_one_pinned_base_and_runs_as_nobody() -> None:
    lines = list(dockerfile())
    bases = [rest.split()[0] for instruction, rest in lines if instruction == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+@sha256:[0-9a-f]{64}", bases[0])
    (user,) = (rest for instruction, rest in lines if instruction == "USER")
    assert f"useradd --uid {user} " in dict(lines)["RUN"]
    assert int(user) > 0


def test_the_image_is_built_from_what_the_context_lets_in() -> None:
    copied = {
        word for name, rest in dockerfile() if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    }
    let_in = set((ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines())
    assert {f"!{path}" for path in copied} == {line for line in let_in if line.startswith("!")}
    assert "*" in let_in
    assert (ROOT / "requirements" / "image.lock").is_file()
    assert copied == {"requirements/image.lock", "dist/*.whl"}
    assert "--require-hashes" in next(rest for name, rest in dockerfile() if name == "RUN")


def test_the_image_has_what_it_calls() -> None:
    lines = dict(dockerfile())
    packages = set(shlex.split(re.findall(r"apt-get install (.*?)&&", lines["RUN"])[0]))
    assert {"git", "bubblewrap", "tini"} <= packages
    entry, command = json.loads(lines["ENTRYPOINT"]), json.loads(lines["CMD"])
    assert entry[0] in packages
    assert entry[-1] == "mycelium"
    assert command[0] in VERBS
    (path,) = re.findall(r"127\.0\.0\.1:8000(/\w+)'", lines["HEALTHCHECK"])
    assert path in {getattr(route, "path", None) for route in create_app().routes}
