"""Containment once more, by a user without rights: in a user namespace, or in a group that root has given away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fakes.plain_user import delegated_group, plain_user

HERE = Path(__file__).parent


def test_a_plain_user_can_do_the_same() -> None:
    with plain_user() as user, delegated_group() as group:
        if isinstance(user, str):
            pytest.skip(user)
        files = [str(HERE / f"{name}.py") for name in ("test_containment", "test_containment_refused")]
        # Looking for descendants takes no rights, nor do many processes: root has shown both.
        chosen = "not descendants and not crowd and not flee"
        done = user.pytest("-q", "-rs", "-k", chosen, *files, before=group)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 20, done.stdout
    print(done.stdout)
