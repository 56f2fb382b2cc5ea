"""Check runs and suites: https://docs.github.com/rest/checks/runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.fakes.github import commits
from tests.fakes.github.accounts import node_id
from tests.fakes.github.apps import shown_app
from tests.fakes.github.check_limits import check_request
from tests.fakes.github.refusals import Refused, forbidden, ill_formed, not_found
from tests.fakes.github.repositories import minimal, page, root_of
from tests.fakes.github.routing import Answer, Call, page_of, paged, route
from tests.fakes.github.state import CheckRun, CheckSuite, PullRequest, Repository
from tests.fakes.github.times import read, shown
from tests.fakes.github.tokens import TokenKind
from tests.fakes.github.urls import Urls

MOST_OF_A_NAME = 1_000
"""Runs of one name in a suite; older ones are deleted."""


def shown_run(urls: Urls, repository: Repository, run: CheckRun) -> dict[str, Any]:
    root = root_of(urls, repository)
    address, web = f"{root}/check-runs/{run.id}", f"{page(urls, repository)}/runs/{run.id}"
    by_actions = run.suite.app.slug == "github-actions"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CR", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": address,
        "html_url": web,
        "details_url": web if by_actions else run.details_url or f"{urls.web}/apps/{run.suite.app.slug}",
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": shown(run.started_at),
        "completed_at": shown(run.completed_at),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": len(run.annotations),
            "annotations_url": f"{address}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": shown_app(urls, run.suite.app),
        "pull_requests": _pulls(urls, repository, run.head_sha),
    }


def _pulls(urls: Urls, repository: Repository, sha: str) -> list[dict[str, Any]]:
    """Open ones of this repository's own branches; pushes to forks are not seen."""
    return [
        pull_minimal(urls, repository, each)
        for each in repository.pulls.values()
        if each.head_sha == sha and each.head_repository is repository and each.issue.state == "open"
    ]


def pull_minimal(urls: Urls, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    root = root_of(urls, repository)
    here = {"id": repository.id, "url": root, "name": repository.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{root}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": here},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": here},
    }


def shown_suite(call: Call, repository: Repository, suite: CheckSuite) -> dict[str, Any]:
    runs = [each for each in repository.check_runs.values() if each.suite is suite]
    status, conclusion = suite_result(runs)
    root, facts = root_of(call.urls, repository), repository.git.commit(suite.head_sha)
    return {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{root}/check-suites/{suite.id}",
        "before": None,
        "after": suite.head_sha,
        "pull_requests": _pulls(call.urls, repository, suite.head_sha),
        "app": shown_app(call.urls, suite.app),
        "repository": minimal(call.urls, repository),
        "created_at": shown(suite.created_at),
        "updated_at": shown(suite.updated_at),
        "head_commit": {
            "id": facts.sha,
            "tree_id": facts.tree,
            "message": facts.message,
            "timestamp": shown(read(facts.author.date)),
            "author": {"name": facts.author.name, "email": facts.author.email},
            "committer": {"name": facts.committer.name, "email": facts.committer.email},
        },
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{root}/check-suites/{suite.id}/check-runs",
    }


def suite_result(runs: list[CheckRun]) -> tuple[str, str | None]:
    """The status and conclusion of a suite, from its runs."""
    if not runs:
        return "queued", None
    if any(each.status != "completed" for each in runs):
        return ("queued" if all(each.status == "queued" for each in runs) else "in_progress"), None
    worst = ("failure", "timed_out", "action_required", "cancelled", "success", "neutral", "skipped")
    return "completed", min((str(each.conclusion) for each in runs), key=worst.index)


def _suite(call: Call, sha: str) -> CheckSuite:
    """The App's suite of a commit, which a first run opens."""
    repository, app = call.repository, call.token.of_app if call.token else None
    if app is None:
        raise forbidden("You must authenticate via a GitHub App.")
    for suite in repository.suites.values():
        if suite.head_sha == sha and suite.app is app:
            return suite
    branch = next((name for name, head in repository.git.refs("refs/heads").items() if head == sha), None)
    suite = CheckSuite(
        id=next(call.hub.state.ids),
        app=app,
        head_sha=sha,
        head_branch=branch.removeprefix("refs/heads/") if branch else None,
        created_at=call.hub.now(),
        updated_at=call.hub.now(),
    )
    repository.suites[suite.id] = suite
    return suite


def found(call: Call) -> CheckRun:
    run = call.repository.check_runs.get(call.number("check_run_id"))
    if run is None:
        raise not_found()
    return run


@route("POST", "/repos/{owner}/{repo}/check-runs", "checks:write", creates=True)
def create(call: Call) -> Answer:
    check_request(call)
    sha = call.given("head_sha", str, required=True)
    name = call.given("name", str, required=True)
    if call.repository.git.commit_of(sha) != sha:
        raise Refused(422, f"No commit found for SHA: {sha}")
    run = CheckRun(id=next(call.hub.state.ids), suite=_suite(call, sha), name=name, head_sha=sha)
    run.started_at = call.hub.now()
    _apply(call, run)
    call.repository.check_runs[run.id] = run
    _forget_oldest(call.repository, run)
    shown_now = shown_run(call.urls, call.repository, run)
    return Answer(status=201, body=shown_now, headers={"Location": shown_now["url"]})


def _forget_oldest(repository: Repository, run: CheckRun) -> None:
    same = [each for each in repository.check_runs.values() if each.suite is run.suite and each.name == run.name]
    for each in same[:-MOST_OF_A_NAME]:
        del repository.check_runs[each.id]


@route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks:write")
def edit(call: Call) -> Answer:
    run = found(call)
    if call.token is None or call.token.of_app is not run.suite.app:
        raise forbidden(
            f"Invalid app_id `{run.suite.app.id}` - check run can only be modified by the GitHub App that created it."
        )
    check_request(call)
    _apply(call, run)
    return Answer(body=shown_run(call.urls, call.repository, run))


def _apply(call: Call, run: CheckRun) -> None:
    run.name = call.given("name", str, run.name)
    run.external_id = call.given("external_id", str, run.external_id)
    run.details_url = call.given("details_url", str, run.details_url)
    if run.status != "completed":
        # A completed run does not run again: GitHub passes over the wish, though it takes another conclusion.
        run.status = call.given("status", str, run.status)
    run.started_at = _time(call, "started_at") or run.started_at
    if (conclusion := call.given("conclusion", str)) is not None:
        run.conclusion, run.status = conclusion, "completed"
    if run.status == "completed":
        run.completed_at = _time(call, "completed_at") or run.completed_at or call.hub.now()
    else:
        run.conclusion = run.completed_at = None
    if output := call.given("output", dict):
        run.title = output.get("title", run.title)
        run.summary = output.get("summary", run.summary)
        run.text = output.get("text", run.text)
        run.annotations += output.get("annotations") or []
    run.actions = call.given("actions", list, run.actions)
    run.suite.updated_at = call.hub.now()


def _time(call: Call, name: str) -> datetime | None:
    try:
        return read(call.given(name, str))
    except ValueError:
        raise ill_formed(f"For 'properties/{name}', {call.body[name]!r} is not a valid date-time.") from None


@route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks:read")
def one(call: Call) -> Answer:
    return Answer(body=shown_run(call.urls, call.repository, found(call)))


@route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", "checks:read")
def list_annotations(call: Call) -> Answer:
    run, web = found(call), page(call.urls, call.repository)
    optional = {"start_column": None, "end_column": None, "title": None, "raw_details": None}
    return page_of(
        call,
        run.annotations,
        lambda each: {**optional, **each, "blob_href": f"{web}/blob/{run.head_sha}/{quote(each['path'])}"},
    )


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "checks:read")
def of_commit(call: Call) -> Answer:
    sha = commits.resolved(call.repository, call.params["ref"])
    runs = [each for each in call.repository.check_runs.values() if each.head_sha == sha]
    return _runs(call, runs)


@route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs", "checks:read")
def of_suite(call: Call) -> Answer:
    suite = _found_suite(call)
    return _runs(call, [each for each in call.repository.check_runs.values() if each.suite is suite])


def _runs(call: Call, runs: list[CheckRun]) -> Answer:
    """The newest of each name and suite unless all are asked for, newest first."""
    query = call.query
    if query.get("filter", "latest") == "latest":
        runs = list({(each.suite.id, each.name): each for each in runs}.values())
    runs = [
        each
        for each in runs
        if query.get("check_name", each.name) == each.name
        and query.get("status", each.status) == each.status
        and query.get("app_id", str(each.suite.app.id)) == str(each.suite.app.id)
    ]
    chosen, headers = paged(call, runs[::-1])
    shown_runs = [shown_run(call.urls, call.repository, each) for each in chosen]
    return Answer(body={"total_count": len(runs), "check_runs": shown_runs}, headers=headers)


def _found_suite(call: Call) -> CheckSuite:
    suite = call.repository.suites.get(call.number("check_suite_id"))
    if suite is None:
        raise not_found()
    return suite


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", "checks:read")
def suites(call: Call) -> Answer:
    sha = commits.resolved(call.repository, call.params["ref"])
    found_suites = [each for each in call.repository.suites.values() if each.head_sha == sha]
    chosen, headers = paged(call, found_suites)
    shown_suites = [shown_suite(call, call.repository, each) for each in chosen]
    return Answer(body={"total_count": len(found_suites), "check_suites": shown_suites}, headers=headers)


@route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", "checks:read")
def suite(call: Call) -> Answer:
    return Answer(body=shown_suite(call, call.repository, _found_suite(call)))


@route("POST", "/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest", "checks:write")
def rerequest(call: Call) -> Answer:
    """Tells the App; the run itself stays as it is."""
    run = found(call)
    if call.token is None or (call.token.of_app is not run.suite.app and call.token.kind is TokenKind.ACTIONS):
        raise forbidden("This check run is not rerequestable")
    return Answer(status=201, body={})
