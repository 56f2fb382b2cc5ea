"""What `mycelium run` says about publishing where nothing can leave: without a token, and in a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.checkout import Checkout, checkouts

WORKFLOW = """
nodes:
  fix: {run: 'echo better > app.txt', workspace: write}
publish:
  pull-request: {from: fix, title: Better}
  issue: {title: Left over}
  comment: Hello
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    for made in checkouts(tmp_path_factory.mktemp("publishing")):
        made.workflow("better", WORKFLOW)
        made.workflow("dry", f"{WORKFLOW}  dry-run: true\n")
        made.commit("Add workflows")
        yield made


def publications(checkout: Checkout) -> dict[str, dict[str, Any]]:
    told = checkout.mycelium("executions", "show", "--json").json()["publications"]
    return {each["target"]: each for each in told}


def test_without_a_token_the_branch_is_what_there_is(checkout: Checkout) -> None:
    said = checkout.mycelium("run", "better").stdout
    assert "  not published pull-request: Better; no token; the branch is mycelium/better/1\n" in said
    assert "  not published issue: Left over; no token\n" in said
    assert "  not published comment: Hello; the execution belongs to no pull request or issue\n" in said
    found = publications(checkout)
    assert {name: each["state"] for name, each in found.items()} == {
        "pull-request": "withheld",
        "issue": "withheld",
        "comment": "skipped",
    }
    assert checkout.git("show", "mycelium/better/1:app.txt") == "better\n"


def test_a_dry_run_says_what_would_leave(checkout: Checkout) -> None:
    said = checkout.mycelium("run", "dry").stdout
    assert "  not published pull-request: Better; `dry-run` is set; the branch is mycelium/dry/1\n" in said
    assert publications(checkout)["issue"]["reason"] == "`dry-run` is set"
