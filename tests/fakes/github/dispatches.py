"""Events that somebody sends by hand: https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event."""

from __future__ import annotations

import json

from tests.fakes.github.refusals import Refused, ill_formed
from tests.fakes.github.routing import Answer, Call, route

MOST_TYPE, MOST_KEYS, MOST_BYTES, MOST_INPUTS = 100, 10, 65_535, 25


@route("POST", "/repos/{owner}/{repo}/dispatches", "contents:write")
def repository_dispatch(call: Call) -> Answer:
    kind, payload = call.given("event_type", str, required=True), call.given("client_payload", dict, {})
    if len(kind) > MOST_TYPE:
        raise ill_formed(f"Only {MOST_TYPE} characters are allowed; {len(kind)} were supplied.")
    if len(payload) > MOST_KEYS:
        raise ill_formed(f"No more than {MOST_KEYS} properties are allowed; {len(payload)} were supplied.")
    if len(json.dumps(payload)) > MOST_BYTES:
        raise Refused(422, "client_payload is too large.")
    call.repository.dispatches.append({"event": "repository_dispatch", "action": kind, "client_payload": payload})
    return Answer(status=204)


@route("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", "actions:write")
def workflow_dispatch(call: Call) -> Answer:
    ref, inputs = call.given("ref", str, required=True), call.given("inputs", dict, {})
    if call.repository.git.commit_of(ref.removeprefix("refs/heads/").removeprefix("refs/tags/")) is None:
        raise Refused(422, f"No ref found for: {ref}")
    if len(inputs) > MOST_INPUTS:
        raise Refused(422, f"you may only define up to {MOST_INPUTS} `inputs` for a `workflow_dispatch` event")
    event = {"event": "workflow_dispatch", "workflow": call.params["workflow_id"], "ref": ref, "inputs": inputs}
    call.repository.dispatches.append(event)
    return Answer(status=204)
