"""Where a process's own control group lies, as mounts and containers show it, and what may not be done there."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.runners.guards import cgroup
from orchestrator.runners.guards.cgroup import Cgroup

UNIFIED = "29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
HYBRID = (
    "40 39 0:34 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "42 39 0:36 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
)


@pytest.mark.parametrize(
    ("mounts", "membership", "place"),
    [
        (UNIFIED, "0::/system.slice/mycelium.service\n", "/sys/fs/cgroup/system.slice/mycelium.service"),
        (UNIFIED, "0::/\n", "/sys/fs/cgroup"),
        (HYBRID, "4:memory:/a\n0::/b\n", "/sys/fs/cgroup/unified/b"),
        (UNIFIED.replace("0:26 / ", "0:26 /docker/x "), "0::/docker/x/y\n", "/sys/fs/cgroup/y"),
        (UNIFIED.replace("/sys/fs/cgroup", "/a\\040b"), "0::/c\n", "/a b/c"),
    ],
)
def test_our_own_group(mounts: str, membership: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/proc/self/mountinfo": mounts, "/proc/self/cgroup": membership}
    monkeypatch.setattr(cgroup, "_read", files.__getitem__)
    assert cgroup.own() == place


@pytest.mark.parametrize(
    ("mounts", "membership", "why"),
    [
        (HYBRID.splitlines()[0], "4:memory:/a\n", "no hierarchy of version 2"),
        (UNIFIED, "4:memory:/a\n", "no hierarchy of version 2"),
        (UNIFIED.replace("0:26 / ", "0:26 /docker/x "), "0::/elsewhere\n", "not in sight"),
    ],
)
def test_no_group_in_sight(mounts: str, membership: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/proc/self/mountinfo": mounts, "/proc/self/cgroup": membership}
    monkeypatch.setattr(cgroup, "_read", files.__getitem__)
    with pytest.raises(FileNotFoundError, match=why):
        cgroup.own()


def test_a_group_that_cannot_be_entered_is_found_out(tmp_path: Path) -> None:
    """A plain user may own a group, and not be allowed to move anybody into it."""
    with pytest.raises(OSError, match=r"cgroup\.procs: No such file"):
        Cgroup(str(tmp_path)).prove()


def test_a_group_that_is_gone_has_no_members_and_is_no_error(tmp_path: Path) -> None:
    group = Cgroup(str(tmp_path / "gone"))
    group.kill()
    assert (group.members(), group.remove()) == ([], True)
