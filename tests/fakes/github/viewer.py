"""The one question to the GraphQL API that is answered: who asks. REST does not tell an installation's token."""

from __future__ import annotations

from tests.fakes.github.refusals import Refused
from tests.fakes.github.routing import Answer, Call

PATHS = ("/graphql", "/api/graphql")
"""On api.github.com, and on GitHub Enterprise Server."""


def viewer(call: Call) -> Answer:
    if call.token is None:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    query = call.given("query", str, required=True)
    if "viewer" not in query or "mutation" in query:
        call.hub.violations.append(f"the stand-in does not answer the GraphQL query {query}")
    return Answer(body={"data": {"viewer": {"login": call.actor.login, "databaseId": call.actor.id}}})
