"""What real commits define: workflows, agents, transcripts and the project file, and nothing of the checkout."""

from __future__ import annotations

import pytest

from orchestrator import app, gallery
from orchestrator.errors import Unavailable
from orchestrator.lifecycle.definitions.committed import fingerprint
from orchestrator.lifecycle.ports.definitions import DefinitionSource
from tests.fakes.checkout import Checkout

AGENT = "---\nname: {0}\ndescription: Helps\n---\nYou help.\n"
REVIEW = "on: pull_request\nnodes: {a: {agent: mine, prompt: Look.}, b: {agent: code-reviewer, prompt: Look.}}\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout.create(tmp_path_factory.mktemp("definitions"))
    checkout.workflow("quality/review", REVIEW, {"a": [{}]})
    checkout.write("workflows/bad.yml", "nodes: 3\n")
    checkout.write("workflows/.hidden/x.yaml", REVIEW)
    checkout.write("elsewhere/x.yaml", REVIEW)
    checkout.write(".claude/agents/mine.md", AGENT.format("mine"))
    checkout.write("mycelium.yaml", "replay: {strict: true}\n")
    checkout.commit("Define")
    return checkout


@pytest.fixture(scope="module")
def source(checkout: Checkout) -> DefinitionSource:
    settings = checkout.settings()
    return app.definitions(settings, app.repository(settings))


def head(checkout: Checkout) -> str:
    return checkout.git("rev-parse", "HEAD").strip()


def test_a_commit_and_all_that_belongs_to_it(checkout: Checkout, source: DefinitionSource) -> None:
    found = source.at(head(checkout))
    assert list(found.workflows) == ["quality/review"]
    assert found.sources["quality/review"] == REVIEW
    assert {"mine", "code-reviewer"} <= set(found.agents)
    assert list(found.transcripts["quality/review"]) == ["a"]
    assert found.project.replay.strict
    assert [problem.place.file for problem in found.problems if problem.place] == ["workflows/bad.yml"]


def test_what_was_not_committed_does_not_count(checkout: Checkout, source: DefinitionSource) -> None:
    before = head(checkout)
    checkout.write("workflows/quality/review.yaml", REVIEW.replace("Look.", "Look away."))
    checkout.write("mycelium.yaml", "engines: 3\n")
    settings = checkout.settings()
    again = app.definitions(settings, app.repository(settings)).at(before)
    assert again.sources == source.at(before).sources
    assert again.project == source.at(before).project
    checkout.git("checkout", "--", ".")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("workflows/quality/review.yaml", REVIEW + "# more\n"),
        (".claude/agents/mine.md", AGENT.format("mine").replace("You help.", "You do not.")),
        (".claude/agents/code-reviewer.md", AGENT.format("code-reviewer")),
        ("mycelium.yaml", "replay: {strict: false}\n"),
    ],
)
def test_the_fingerprint_covers_what_decides_what_runs(
    checkout: Checkout, source: DefinitionSource, path: str, text: str
) -> None:
    before = head(checkout)
    checkout.write(path, text)
    checkout.commit("Change")
    assert fingerprint(source.at(head(checkout)), "quality/review") != fingerprint(source.at(before), "quality/review")


def test_and_nothing_else(checkout: Checkout, source: DefinitionSource) -> None:
    before = head(checkout)
    checkout.write("README.md", "# More\n")
    checkout.write(".claude/agents/other.md", AGENT.format("other"))
    checkout.write(".mcp.json", "{}")
    checkout.commit("Change nothing")
    assert fingerprint(source.at(head(checkout)), "quality/review") == fingerprint(source.at(before), "quality/review")


def test_a_commit_that_nobody_has(source: DefinitionSource) -> None:
    with pytest.raises(Unavailable, match="is not in the repository"):
        source.at("f" * 40)


def test_only_processes_that_share_the_work_start_what_is_due(checkout: Checkout) -> None:
    for instance, deals in ((app.SHARED_INSTANCE, True), ("a local run", False)):
        services = app.build(checkout.settings(), redis_url=None, instance=instance)
        assert (services.definitions is not None) is deals
        services.store.close()
        services.logs.close()


def test_a_template_is_that_of_the_installed_version_whatever_a_commit_says(checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "-b", "impostor")
    checkout.write("workflows/template:code-review.yaml", REVIEW)
    checkout.write("workflows/template:code-review.replay/review.jsonl", "{}\n")
    checkout.commit("Pretend to be a template")
    settings = checkout.settings()
    shipped = gallery.template("code-review")
    found = app.definitions(settings, app.repository(settings), templates=[shipped.reference]).at(head(checkout))
    assert found.sources["template:code-review"] == shipped.text
    assert found.workflows["template:code-review"].is_template is False
    assert "{}\n" not in found.transcripts.get("template:code-review", {}).values()
    assert "quality/review" in found.workflows
    checkout.git("checkout", "--quiet", "main")
