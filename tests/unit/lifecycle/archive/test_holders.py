"""Who is who among holders: the same job again, another of the same id, and an earlier attempt."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.lifecycle.archive.holders import Held, is_before, job_of, same_place
from tests.fakes.hosted import Hosted

MINE = "77/2/run@m.yml~500"


@pytest.mark.parametrize(
    ("holder", "same", "before"),
    [
        ("77/2/run@m.yml~501", True, False),
        ("77/1/run@m.yml~400", True, True),
        ("77/1/run@m.yml~home-0a1b2c3d", True, True),
        ("77/1/run@m.yml", True, True),
        ("70/1/run@m.yml~300", True, False),
        ("77/1/run#0@m.yml~400", False, False),
        ("77/1/run@~m.yml~400", False, False),
        ("77/1/other@m.yml~400", False, False),
        ("77/1~400", False, False),
        ("", False, False),
        ("ada@machine#0a1b2c3d", False, False),
    ],
)
def test_jobs_are_compared_by_what_they_are_called(holder: str, *, same: bool, before: bool) -> None:
    assert (same_place(holder, MINE), is_before(holder, MINE)) == (same, before)


@pytest.mark.parametrize(
    ("holder", "job"),
    [
        (MINE, ("77", "2", "500")),
        ("77/1~400", ("77", "1", "400")),
        ("77/1/run@~m.yml", ("77", "1", "")),
        ("77/1/run@m.yml~home-0a1b2c3d", ("77", "1", "")),
        ("77/1", ("77", "1", "")),
        ("1~2", ("1~2", "", "")),
    ],
)
def test_a_job_is_what_github_can_be_asked_about(holder: str, job: tuple[str, str, str]) -> None:
    assert job_of(holder) == job


def test_only_one_of_two_jobs_that_are_called_the_same_goes_on(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path)
    (first, desk), (second, other) = (hosted.job(number, f"77/1/run@m.yml~{number}") for number in (8, 9))
    first.take_up(hosted.id, desk=desk)
    with pytest.raises(Held):
        second.take_up(hosted.id, desk=other)
    later, again = hosted.job(10, "77/2/run@m.yml~10")
    later.take_up(hosted.id, desk=again)
    assert later.entries()[0].holder == "77/2/run@m.yml~10"
