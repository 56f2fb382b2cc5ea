"""What is left of the hour: https://docs.github.com/rest/rate-limit/rate-limit. Asking costs nothing of it."""

from __future__ import annotations

from tests.fakes.github.routing import Answer, Call, route


@route("GET", "/rate_limit")
def rate_limit(call: Call) -> Answer:
    window = call.hub.limits.window(call.token)
    core = {
        "limit": window.limit,
        "used": window.used,
        "remaining": window.remaining,
        "reset": int(window.ends.timestamp()),
    }
    search = {"limit": 30, "used": 0, "remaining": 30, "reset": core["reset"]}
    return Answer(body={"resources": {"core": core, "search": search, "graphql": {**core, "used": 0}}, "rate": core})
