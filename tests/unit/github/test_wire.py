"""What becomes of a request: each way in which PyGithub alone would wait, repeat, mix up or tell too much."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from orchestrator.errors import MyceliumError, NotFound, SetupError, Unavailable
from orchestrator.github.budget.limits import Limits
from orchestrator.github.repository import GitHubRepository
from orchestrator.github.transport import Moved
from orchestrator.lifecycle.ports.github import Busy, Urgency
from orchestrator.report.check_run import CheckAnnotation, CheckRun, CheckStatus
from tests.fakes.clock import FakeClock
from tests.unit.github.conftest import API, REPO, TOKEN, check_run, comment, pull

Made = Callable[..., GitHubRepository]

AT_ONCE = Limits(between_writes=0)
COMMENTS = f"{REPO}/issues/1/comments"
CHECK = CheckRun(
    name="demo", external_id="1", status=CheckStatus.IN_PROGRESS, conclusion=None, title="Runs", summary="It runs."
)
NOTE = CheckAnnotation(path="a.py", start_line=3, end_line=3, level="failure", message="No.")
HTTP_DATE = "Sun, 01 Mar 2026 10:00:00 GMT"
"""GitHub's clock: two hours behind ours."""
EPOCH = int(datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp())


@pytest.fixture(autouse=True)
def nobody_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    def slept(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s")

    monkeypatch.setattr(time, "sleep", slept)


def test_a_post_is_never_sent_twice(github: Made, wire: responses.RequestsMock) -> None:
    wire.post(COMMENTS, status=502)
    with pytest.raises(Unavailable, match="status 502: POST /repos/octo/demo/issues/1/comments"):
        github(AT_ONCE).write_comment(1, "x")
    assert len(wire.calls) == 1


def test_reads_are_repeated_twice_at_once(github: Made, wire: responses.RequestsMock) -> None:
    for answer in (502, requests.ConnectionError("reset")):
        wire.get(f"{REPO}/pulls/1", **({"status": answer} if isinstance(answer, int) else {"body": answer}))
    wire.get(f"{REPO}/pulls/1", json=pull())
    assert github().pull_request(1).number == 1
    wire.get(f"{REPO}/pulls/2", status=503)
    with pytest.raises(Unavailable):
        github().pull_request(2)
    assert len(wire.calls) == 6


def test_a_change_is_repeated_once_where_there_is_room(github: Made, wire: responses.RequestsMock) -> None:
    place = f"{REPO}/issues/comments/4"
    wire.patch(place, status=502)
    wire.patch(place, json=comment(4))
    github(AT_ONCE).edit_comment(4, "x")
    assert len(wire.calls) == 2


def test_a_change_that_has_no_room_to_be_repeated_says_what_happened(
    github: Made, wire: responses.RequestsMock
) -> None:
    wire.patch(f"{REPO}/issues/comments/4", status=502)
    with pytest.raises(Unavailable, match="502") as raised:
        github().edit_comment(4, "x")
    assert not isinstance(raised.value, Busy)
    assert len(wire.calls) == 1


def test_annotations_would_stand_there_twice(github: Made, wire: responses.RequestsMock) -> None:
    wire.patch(f"{REPO}/check-runs/7", status=502)
    with pytest.raises(Unavailable):
        github(AT_ONCE).annotate(7, CHECK, [NOTE])
    assert len(wire.calls) == 1


def test_who_does_not_answer_is_not_asked_again_at_once(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{REPO}/pulls/1", body=requests.ReadTimeout())
    with pytest.raises(Unavailable, match="in time"):
        github().pull_request(1)
    assert len(wire.calls) == 1


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (403, "You have exceeded a secondary rate limit.", {"Retry-After": "17"}, 17),
        (429, "Slow down", {"Retry-After": "17"}, 17),
        (503, "Down for maintenance", {"Retry-After": "17"}, 17),
        (403, "API rate limit exceeded for user ID 1.", {"X-RateLimit-Reset": str(EPOCH + 600)}, 601),
        (429, "Too many", {"X-RateLimit-Reset": str(EPOCH + 600)}, 601),
        (403, "You have exceeded a secondary rate limit.", {"X-RateLimit-Remaining": "77"}, 60),
        (429, "Too many", {"X-RateLimit-Remaining": "77"}, 60),
        (403, "Content was submitted too quickly", {"X-RateLimit-Remaining": "77"}, 60),
    ],
)
def test_github_asks_to_wait(
    github: Made,
    wire: responses.RequestsMock,
    clock: FakeClock,
    status: int,
    message: str,
    headers: dict[str, str],
    seconds: int,
) -> None:
    told = {"Date": HTTP_DATE, "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", **headers}
    wire.get(f"{REPO}/pulls/1", status=status, json={"message": message}, headers=told)
    asker = github()
    with pytest.raises(Busy) as raised:
        asker.pull_request(1)
    # By GitHub's own clock, whatever ours says.
    assert raised.value.until - clock.now() == pytest.approx(timedelta(seconds=seconds), abs=timedelta(seconds=1))
    with pytest.raises(Busy, match="GitHub asked to wait"):
        asker.write_comment(1, "x", urgency=Urgency.PEOPLE)
    assert len(wire.calls) == 1
    clock.advance(seconds + 1)
    wire.get(f"{REPO}/pulls/2", json=pull(2))
    assert asker.pull_request(2).number == 2


def test_progress_leaves_a_fifth_of_the_hour(github: Made, wire: responses.RequestsMock, clock: FakeClock) -> None:
    told = {"Date": HTTP_DATE, "X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "150"}
    wire.get(f"{REPO}/pulls/1", json=pull(), headers={**told, "X-RateLimit-Reset": str(EPOCH + 900)})
    asker = github()
    asker.pull_request(1)
    with pytest.raises(Busy, match="this hour's requests") as raised:
        asker.write_comment(1, "x")
    assert raised.value.until - clock.now() == pytest.approx(timedelta(seconds=900), abs=timedelta(seconds=1))
    wire.post(COMMENTS, json=comment())
    asker.write_comment(1, "x", urgency=Urgency.PEOPLE)


def test_a_second_between_two_writes_is_not_slept(github: Made, wire: responses.RequestsMock, clock: FakeClock) -> None:
    wire.post(COMMENTS, json=comment())
    writer = github()
    writer.write_comment(1, "x")
    with pytest.raises(Busy, match="a second has to pass") as raised:
        writer.write_comment(1, "y")
    assert raised.value.until <= clock.now() + timedelta(seconds=1)
    assert len(wire.calls) == 1


def test_what_has_not_changed_comes_from_memory_with_its_further_pages(
    github: Made, wire: responses.RequestsMock
) -> None:
    link = {"Link": f'<{REPO}/issues/1/comments?page=2>; rel="next"', "ETag": '"one"'}
    wire.get(f"{COMMENTS}?per_page=100", json=[comment(1)], headers=link)
    wire.get(f"{COMMENTS}?page=2", json=[comment(2)], headers={"ETag": '"two"'})
    reader = github()
    assert [found.id for found in reader.comments(1)] == [1, 2]
    wire.replace(responses.GET, f"{COMMENTS}?per_page=100", status=304)
    wire.replace(responses.GET, f"{COMMENTS}?page=2", status=304)
    assert [found.id for found in reader.comments(1)] == [1, 2]
    assert [call.request.headers.get("If-None-Match") for call in wire.calls] == [None, None, '"one"', '"two"']


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_renamed_repository_is_not_asked_about_something_else(
    github: Made, wire: responses.RequestsMock, status: int
) -> None:
    headers = {"Location": f"{API}/repositories/1/pulls?head=octo:change"}
    wire.get(f"{REPO}/pulls", status=status, headers=headers, json={"message": "Moved Permanently"})
    with pytest.raises(Moved, match="at another place now: GET /repos/octo/demo/pulls") as raised:
        github().pull_requests(head="change")
    assert "git remote set-url origin" in str(raised.value)
    wire.post(COMMENTS, status=status, headers=headers, json={"message": "Moved"})
    with pytest.raises(Moved):
        github().write_comment(1, "x")
    assert len(wire.calls) == 2


def test_an_answer_that_is_not_ready_is_not_waited_for(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{REPO}/pulls/1", status=202, json={})
    with pytest.raises(Unavailable, match="no answer ready"):
        github().pull_request(1)


def test_a_page_of_somebody_else_is_no_answer(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{REPO}/pulls/1", body="<html>Log in to the hotel's network</html>", content_type="text/html")
    with pytest.raises(Unavailable, match="what answers is not GitHub"):
        github().pull_request(1)


def test_an_answer_that_was_cut(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{REPO}/pulls/1", body='{"number": 1, "ti', content_type="application/json")
    with pytest.raises(Unavailable, match="cut off"):
        github().pull_request(1)


def test_an_answer_that_leads_elsewhere(github: Made, wire: responses.RequestsMock) -> None:
    link = {"Link": '<https://evil.example/repos/octo/demo/issues/1/comments?page=2>; rel="next"'}
    wire.get(COMMENTS, json=[comment(1)], headers=link)
    with pytest.raises(SetupError, match="not its API's") as raised:
        list(github().comments(1))
    assert "MYCELIUM_GITHUB_API_URL" in str(raised.value)


def test_times_are_sent_as_what_they_are(github: Made, wire: responses.RequestsMock) -> None:
    wire.patch(f"{REPO}/check-runs/7", json=check_run())
    begun = datetime.fromisoformat("2026-03-01T12:00:00+02:00")
    github().update_check_run(7, replace(CHECK, started_at=begun))
    assert sent(wire)["started_at"] == "2026-03-01T10:00:00Z"


def test_a_label_with_a_slash_is_one_name(github: Made, wire: responses.RequestsMock) -> None:
    wire.delete(f"{REPO}/issues/1/labels/area%2Fcore%20x", json=[])
    github().remove_label(1, "area/core x")
    assert "/labels/area%2Fcore%20x" in str(wire.calls[0].request.url)


def test_a_label_that_is_not_there_is_gone_and_an_issue_that_is_not_there_is_not(
    github: Made, wire: responses.RequestsMock
) -> None:
    wire.delete(f"{REPO}/issues/1/labels/x", status=404, json={"message": "Label does not exist"})
    github().remove_label(1, "x")
    wire.delete(f"{REPO}/issues/2/labels/x", status=404, json={"message": "Not Found"})
    with pytest.raises(NotFound):
        github().remove_label(2, "x")


def test_threads_get_their_own_answers(github: Made, wire: responses.RequestsMock) -> None:
    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        number = int(str(request.url).rpartition("/")[2])
        return 200, {}, json.dumps(pull(number))

    for number in range(1, 41):
        wire.add_callback(responses.GET, f"{REPO}/pulls/{number}", callback=answer)
    reader = github()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: reader.pull_request(number).number, range(1, 41)))
    assert found == list(range(1, 41))


def test_the_token_is_shown_to_github_alone(
    github: Made,
    wire: responses.RequestsMock,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.github.com login other password other-password\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    caplog.set_level(logging.DEBUG)
    speaker = github()
    wire.get(f"{REPO}/pulls/1", status=401, json={"message": "Bad credentials"})
    with pytest.raises(SetupError) as raised:
        speaker.pull_request(1)
    assert wire.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    seen: list[object] = [repr(speaker._connection), caplog.text, *told(raised.value)]
    assert not [text for text in seen if TOKEN in str(text)]
    assert str(raised.value) == "GitHub refuses the credential: Bad credentials (check MYCELIUM_GITHUB_TOKEN)"


def test_every_request_says_what_it_speaks(github: Made, wire: responses.RequestsMock) -> None:
    wire.get(f"{REPO}/pulls", json=[])
    github().pull_requests(head="change", base="main")
    request = wire.calls[0].request
    assert request.headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert request.headers["User-Agent"].startswith("mycelium/")
    query = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
    assert query == {"state": "open", "head": "octo:change", "base": "main", "per_page": "100"}


def test_a_certificate_that_cannot_be_verified(github: Made, wire: responses.RequestsMock) -> None:
    error = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    wire.get(f"{REPO}/pulls/1", body=error)
    with pytest.raises(SetupError, match="REQUESTS_CA_BUNDLE"):
        github().pull_request(1)


def sent(wire: responses.RequestsMock, number: int = -1) -> dict[str, object]:
    found: dict[str, object] = json.loads(wire.calls[number].request.body or "{}")
    return found


def told(error: BaseException | None) -> list[str]:
    """What is shown of an error with all its causes."""
    found = []
    while error:
        found += [str(error), repr(error), repr(getattr(error, "args", ()))]
        error = error.__cause__ or error.__context__
    assert found
    return found


def test_errors_are_ours_alone(github: Made, wire: responses.RequestsMock) -> None:
    for status in (400, 401, 403, 404, 405, 409, 410, 418, 422, 451, 500, 599):
        wire.get(f"{REPO}/pulls/{status}", status=status, json={"message": "No"})
        with pytest.raises(MyceliumError):
            github().pull_request(status)
