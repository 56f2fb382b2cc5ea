"""Where an agent's program runs: in bubblewrap, or not confined at all; and whether this machine can do the former."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from orchestrator.definition.model import SandboxMode
from orchestrator.errors import SetupError
from orchestrator.runners.egress import Egress
from orchestrator.runners.jail import Reach, jailed
from orchestrator.runners.process import Command

PROGRAM: Final = "bwrap"
LOOSE: Final = "none"
_PROBE_SECONDS: Final = 20
_WORD_SECONDS: Final = 1.0
_MEANING: Final = "the agent's commands can read and change whatever this user can, and reach any network"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ability:
    """Whether bubblewrap works here; `detail` is its version, or why it does not, and `hint` what to do then."""

    works: bool
    detail: str
    hint: str = ""
    program: Path = Path(PROGRAM)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confinement:
    """`command` is what to start; `used` is `bwrap` or `none`."""

    command: Command
    used: str
    egress: Egress | None = None
    said: list[str] = field(default_factory=list)

    def news(self) -> list[str]:
        """What the log should say since the last time, as warnings. Ask while the program runs, and at the end."""
        said = list(self.said)
        self.said.clear()
        return [*said, *(self.egress.news() if self.egress else ())]

    def ended(self, code: int | None) -> int | None:
        """What the program itself ended with (negative for a signal), where bubblewrap ended with `code`; what it left
        running is news then. Raises `SetupError` where it did not come to start the program."""
        if self.egress is None or code is None or code < 0:
            return code
        word = self.egress.last_word(_WORD_SECONDS)
        if word is None and code < 128:
            raise SetupError(
                "the sandbox could not be made, or the program not be started in it",
                hint="the log has the reason; `mycelium doctor` looks at this machine, `sandbox: none` does without",
            )
        self.said.extend(f"left running, now ended: {line}" for line in (word.left if word else ()))
        number = word.signal if word else code - 128
        return -number if number and code == 128 + number else code


@contextmanager
def confined(mode: SandboxMode, reach: Reach, command: Command) -> Iterator[Confinement]:
    """`command` as it is to be started, and its way out for as long as the block lasts.

    Raises `SetupError` where the sandbox is wanted and does not work here.
    """
    if mode is SandboxMode.NONE:
        yield Confinement(command=_loose(command), used=LOOSE)
        return
    ability = usable()
    if ability.works:
        with jailed(reach, command, program=ability.program) as jail:
            yield Confinement(command=jail.command, used=PROGRAM, egress=jail.egress)
    elif mode is SandboxMode.BWRAP:
        raise SetupError(f"`sandbox: bwrap` does not work here: {ability.detail}", hint=ability.hint)
    else:
        said = [f"not confined: {ability.detail} ({ability.hint}); {_MEANING}"]
        yield Confinement(command=_loose(command), used=LOOSE, said=said)


def _loose(command: Command) -> Command:
    """Outside of a sandbox too no agent becomes root where its user may: all tokens of the machine would be its own."""
    return replace(command, may_gain=False)


def confines(mode: SandboxMode) -> bool:
    """Whether `confined` would confine a program."""
    return mode is not SandboxMode.NONE and usable().works


@cache
def usable() -> Ability:
    """Whether a program can be confined here; found out once in each process, by doing it."""
    found = shutil.which(PROGRAM)
    if found is None:
        return Ability(works=False, detail="bubblewrap is not installed", hint="install the package `bubblewrap`")
    return probe(Path(found))


def probe(program: Path) -> Ability:
    """Whether this bubblewrap confines a program, tried with one that does nothing."""
    try:
        with TemporaryDirectory(prefix="mycelium-sandbox-", ignore_cleanup_errors=True) as name:
            return _tried(program, Path(name))
    except (OSError, subprocess.SubprocessError) as error:
        return Ability(works=False, detail=f"bubblewrap cannot be tried: {error}", hint="run `bwrap --version`")


def _tried(program: Path, workspace: Path) -> Ability:
    nothing = Command(argv=["/bin/sh", "-c", "exit 0"], env={"PATH": os.defpath}, cwd=workspace)
    with jailed(Reach(workspace=workspace), nothing, program=program) as jail:
        done = _run(jail.command.argv, jail.command.env)
    if done.returncode == 0:
        version = _run([str(program), "--version"], {}).stdout.split()
        return Ability(works=True, detail=" ".join(version), program=program)
    lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
    return Ability(works=False, detail=f"bubblewrap does not work: {lines[-1]}", hint=_advice(lines[-1]))


def _run(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env=dict(env),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PROBE_SECONDS,
        start_new_session=True,
        check=False,
    )


def _advice(complaint: str) -> str:
    """What to do about bubblewrap's usual complaints."""
    if "namespace" in complaint or "uid map" in complaint or "Operation not permitted" in complaint:
        return (
            "allow user namespaces to this user: kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0; a container needs more rights for that"
        )
    return "see `bwrap --unshare-all --ro-bind / / true`"
