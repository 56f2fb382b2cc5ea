"""Who may start a workflow, and whose definitions count: names prove nothing, heads of strangers are only data."""

from __future__ import annotations

import pytest

from orchestrator.definition.authority import Source, Standing, admitted, has_role, own, source_of
from orchestrator.definition.event import Account, Event, read_event
from orchestrator.definition.reasons import Rule
from orchestrator.definition.roles import Forks, Role, Trust
from tests.fakes.payloads import Payload, account, commented, opened, payload, pushed

BOT = account("renovate[bot]", 29139614, "Bot")
LISTED = Trust(bots=(29139614,))


def pull_request(**keys: object) -> Event:
    return read_event("pull_request", opened(**keys))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "least", "standing"),
    [
        (Role.WRITE, Role.WRITE, Standing.ADMITTED),
        (Role.ADMIN, Role.WRITE, Standing.ADMITTED),
        (Role.TRIAGE, Role.TRIAGE, Standing.ADMITTED),
        (Role.TRIAGE, Role.WRITE, Standing.WAITING),
        (Role.READ, Role.WRITE, Standing.WAITING),
        (Role.NONE, Role.READ, Standing.WAITING),
        (None, Role.WRITE, Standing.UNKNOWN),
    ],
)
def test_the_role_of_whoever_did_it(role: Role | None, least: Role, standing: Standing) -> None:
    found = admitted(Trust(actors=least), pull_request(), role, asked=False)
    assert (found.standing, found.reason.rule) == (standing, Rule.ACTOR)


def test_who_asks_is_told_at_once_and_nobody_allows_an_issue() -> None:
    assert admitted(Trust(), pull_request(), Role.READ, asked=True).standing is Standing.DENIED
    issue = read_event("issues", payload("opened", issue={"number": 1}))
    assert admitted(Trust(), issue, Role.READ, asked=False).standing is Standing.DENIED
    assert admitted(Trust(), issue, Role.WRITE, asked=False).standing is Standing.ADMITTED


@pytest.mark.parametrize(
    ("forks", "allowed", "standing", "rule"),
    [
        (Forks.APPROVE, False, Standing.WAITING, Rule.FORK),
        (Forks.APPROVE, True, Standing.ADMITTED, Rule.ALLOWED),
        (Forks.NEVER, True, Standing.DENIED, Rule.FORK),
        (Forks.NEVER, False, Standing.DENIED, Rule.FORK),
    ],
)
def test_forks_wait_whoever_opened_them(forks: Forks, allowed: bool, standing: Standing, rule: Rule) -> None:
    found = admitted(Trust(forks=forks), pull_request(fork=True), Role.ADMIN, asked=False, allowed=allowed)
    assert (found.standing, found.reason.rule) == (standing, rule)


def test_an_allowance_lets_a_strangers_pull_request_start_but_not_a_strangers_command() -> None:
    fork = pull_request(fork=True)
    assert admitted(Trust(), fork, Role.READ, asked=False, allowed=True).standing is Standing.ADMITTED
    assert admitted(Trust(), fork, Role.READ, asked=True, allowed=True).standing is Standing.DENIED


@pytest.mark.parametrize(
    ("sender", "trust", "standing"),
    [
        pytest.param(BOT, Trust(), Standing.DENIED, id="a bot"),
        pytest.param(BOT, LISTED, Standing.ADMITTED, id="a listed bot"),
        pytest.param({**BOT, "id": 5}, LISTED, Standing.DENIED, id="a bot that took the name of a listed one"),
        pytest.param(account("renovate[bot]", 29139614), LISTED, Standing.DENIED, id="a person named like a bot"),
        pytest.param(account("mycelium-bot", 5), Trust(bots=(5,)), Standing.WAITING, id="a person listed as a bot"),
        pytest.param(account("octo-org", 6, "Organization"), Trust(bots=(6,)), Standing.DENIED, id="an organisation"),
        pytest.param(account("ghost", 7, ""), Trust(), Standing.DENIED, id="nobody knows what"),
    ],
)
def test_bots_are_known_by_their_number(sender: Payload, trust: Trust, standing: Standing) -> None:
    role = Role.READ if sender["type"] == "User" else None
    assert admitted(trust, pull_request(sender=sender), role, asked=False).standing is standing


def test_a_listed_bot_waits_with_a_fork_too() -> None:
    assert admitted(LISTED, pull_request(sender=BOT, fork=True), None, asked=False).standing is Standing.WAITING


@pytest.mark.parametrize("name", ["schedule", "merge_group"])
def test_what_no_person_does(name: str) -> None:
    assert admitted(Trust(), Event(name=name), None, asked=False).standing is Standing.ADMITTED


@pytest.mark.parametrize(
    ("event", "role", "source"),
    [
        (pull_request(), Role.WRITE, Source.HEAD),
        (pull_request(), Role.TRIAGE, Source.BASE),
        (pull_request(fork=True), Role.ADMIN, Source.BASE),
        (pull_request(author=BOT), Role.WRITE, Source.BASE),
        (pull_request(author=account("x[bot]", 3)), Role.ADMIN, Source.BASE),
        (read_event("push", pushed()), Role.NONE, Source.PUSHED),
        (Event(name="merge_group"), Role.NONE, Source.BASE),
        (Event(name="workflow_dispatch"), Role.NONE, Source.REF),
        (Event(name="schedule"), Role.NONE, Source.DEFAULT),
        (read_event("issue_comment", commented("x", on="issue")), Role.ADMIN, Source.DEFAULT),
        (read_event("issues", payload("opened", issue={"number": 1})), Role.ADMIN, Source.DEFAULT),
    ],
)
def test_where_definitions_come_from(event: Event, role: Role, source: Source) -> None:
    assert source_of(event, role) is source


ME = Account(id=99, login="mycelium[bot]", kind="Bot")
TOKEN = Account(id=1, login="octocat", kind="User")


@pytest.mark.parametrize(
    ("event", "me", "mine"),
    [
        pytest.param(opened(sender=account("mycelium[bot]", 99, "Bot")), ME, True, id="our app"),
        pytest.param(opened(sender=account("mycelium[bot]", 98, "Bot")), ME, False, id="an app of that name"),
        pytest.param(opened(head_ref="mycelium/review/1"), TOKEN, True, id="a branch of ours, by a person's token"),
        pytest.param(opened(head_ref="feature"), TOKEN, False, id="the same person's own branch"),
        pytest.param(opened(head_ref="mycelium/x", sender=account("o", 2)), TOKEN, False, id="somebody on our branch"),
    ],
)
def test_our_own_doing_starts_nothing(event: Payload, me: Account, mine: bool) -> None:
    assert (own(read_event("pull_request", event), me) is not None) is mine


@pytest.mark.parametrize(
    ("body", "mine"),
    [("<!-- mycelium:status -->\nAll done", True), ("/mycelium status", False), ("mycelium", False)],
)
def test_our_own_comments_are_known_also_where_a_person_lent_the_token(body: str, mine: bool) -> None:
    assert (own(read_event("issue_comment", commented(body)), TOKEN) is not None) is mine


@pytest.mark.parametrize(
    ("name", "action", "subject"),
    [
        ("pull_request_review", "submitted", "review"),
        ("issues", "opened", "issue"),
        ("pull_request", "opened", "pull_request"),
    ],
)
def test_what_we_wrote_with_a_persons_token_is_ours_and_what_others_copy_is_not(
    name: str, action: str, subject: str
) -> None:
    written = {"action": action, subject: {"number": 1, "body": "Found:\n\n<!-- mycelium:published x -->"}}
    sender = {"id": TOKEN.id, "login": TOKEN.login, "type": TOKEN.kind}
    assert own(read_event(name, {**written, "sender": sender}), TOKEN) is not None
    assert own(read_event(name, {**written, "sender": {**sender, "id": TOKEN.id + 1}}), TOKEN) is None
    assert own(read_event(name, {**written, subject: {"number": 1, "body": "mine"}, "sender": sender}), TOKEN) is None


def test_a_push_to_our_branch_by_a_persons_token_is_ours() -> None:
    assert own(read_event("push", pushed("refs/heads/mycelium/x/1")), TOKEN) is not None
    assert own(read_event("push", pushed("refs/heads/main")), TOKEN) is None


@pytest.mark.parametrize(
    ("actor", "role", "may"),
    [
        (Account(id=1, login="a", kind="User"), Role.WRITE, True),
        (Account(id=1, login="a", kind="User"), Role.TRIAGE, False),
        (ME, Role.ADMIN, False),
    ],
)
def test_roles_for_commands(actor: Account, role: Role, may: bool) -> None:
    assert has_role(actor, role, Role.WRITE).starts is may
