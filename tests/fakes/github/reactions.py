"""Reactions to comments and issues: https://docs.github.com/rest/reactions/reactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.github.accounts import node_id, simple
from tests.fakes.github.refusals import ill_formed, not_found
from tests.fakes.github.routing import Answer, Call, page_of, route
from tests.fakes.github.state import Reaction
from tests.fakes.github.times import shown
from tests.fakes.github.urls import Urls

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions"
_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/reactions"
_REVIEW_COMMENT = "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions"
_OF_ISSUES = ("issues:write", "pull_requests:write")


def summary(address: str, reactions: Sequence[Reaction]) -> dict[str, Any]:
    """The counts that stand under what was reacted to."""
    counts = Counter(each.content for each in reactions)
    return {
        "url": f"{address}/reactions",
        "total_count": len(reactions),
        **{content: counts[content] for content in CONTENTS},
    }


def _shown(urls: Urls, reaction: Reaction) -> dict[str, Any]:
    return {
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": simple(urls, reaction.user),
        "content": reaction.content,
        "created_at": shown(reaction.created_at),
    }


def _of_comment(call: Call) -> list[Reaction]:
    from tests.fakes.github.comments import found

    return found(call)[1].reactions


def _of_issue(call: Call) -> list[Reaction]:
    from tests.fakes.github.labels import found_issue

    return found_issue(call).reactions


def _of_review_comment(call: Call) -> list[Reaction]:
    identity = call.number("comment_id")
    for pull in call.repository.pulls.values():
        for review in pull.reviews:
            for comment in review.comments:
                if comment.id == identity:
                    return comment.reactions
    raise not_found()


def _list(reactions: Callable[[Call], list[Reaction]]) -> Callable[[Call], Answer]:
    return lambda call: page_of(call, reactions(call), lambda each: _shown(call.urls, each))


def _add(reactions: Callable[[Call], list[Reaction]]) -> Callable[[Call], Answer]:
    def add(call: Call) -> Answer:
        content, there = call.given("content", str, required=True), reactions(call)
        if content not in CONTENTS:
            raise ill_formed(f"For 'properties/content', {content!r} is not a member of {list(CONTENTS)}.")
        for each in there:
            if each.user is call.actor and each.content == content:
                return Answer(body=_shown(call.urls, each))
        made = Reaction(id=next(call.hub.state.ids), user=call.actor, content=content, created_at=call.hub.now())
        there.append(made)
        return Answer(status=201, body=_shown(call.urls, made))

    return add


def _remove(reactions: Callable[[Call], list[Reaction]]) -> Callable[[Call], Answer]:
    def remove(call: Call) -> Answer:
        there, identity = reactions(call), call.number("reaction_id")
        own = [each for each in there if each.id == identity and each.user is call.actor]
        if not own:
            raise not_found()
        there.remove(own[0])
        return Answer(status=204)

    return remove


for _path, _reactions, _needs in (
    (_COMMENT, _of_comment, _OF_ISSUES),
    (_ISSUE, _of_issue, _OF_ISSUES),
    (_REVIEW_COMMENT, _of_review_comment, ("pull_requests:write",)),
):
    route("GET", _path, *(need.replace("write", "read") for need in _needs))(_list(_reactions))
    route("POST", _path, *_needs, role="read", creates=True)(_add(_reactions))
    route("DELETE", f"{_path}/{{reaction_id}}", *_needs, role="read")(_remove(_reactions))
