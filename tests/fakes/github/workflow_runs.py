"""Runs of Actions, as far as somebody asks whether an attempt has ended: https://docs.github.com/rest/actions/workflow-runs."""

from __future__ import annotations

from tests.fakes.github.accounts import node_id
from tests.fakes.github.refusals import not_found
from tests.fakes.github.repositories import minimal, page, root_of
from tests.fakes.github.routing import Answer, Call, route
from tests.fakes.github.times import shown


@route("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}", "actions:read")
def attempt(call: Call) -> Answer:
    """Those that somebody has put into `attempts` of the repository."""
    number, tried = int(call.params["run_id"]), int(call.params["attempt_number"])
    status = call.repository.attempts.get((number, tried))
    if status is None:
        raise not_found()
    root, here = root_of(call.urls, call.repository), minimal(call.urls, call.repository)
    address = f"{root}/actions/runs/{number}"
    rest = ("jobs", "logs", "cancel", "rerun", "artifacts")
    return Answer(
        body={
            "id": number,
            "node_id": node_id("WFR", number),
            "head_branch": call.repository.default_branch,
            "head_sha": call.repository.git.branch(call.repository.default_branch),
            "run_number": number,
            "run_attempt": tried,
            "display_title": "Mycelium",
            "event": "pull_request",
            "status": status,
            "conclusion": "failure" if status == "completed" else None,
            "path": ".github/workflows/mycelium.yml",
            "workflow_id": 1,
            "url": address,
            "html_url": f"{page(call.urls, call.repository)}/actions/runs/{number}",
            "created_at": shown(call.hub.now()),
            "updated_at": shown(call.hub.now()),
            "head_commit": None,
            "head_repository": here,
            "repository": here,
            **{f"{name}_url": f"{address}/attempts/{tried}/{name}" for name in rest},
            "check_suite_url": f"{root}/check-suites/1",
            "workflow_url": f"{root}/actions/workflows/1",
            "pull_requests": [],
        }
    )
