"""`mycelium init`: sets a repository up, so that its workflows run in GitHub Actions."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orchestrator.cli.console import Console
    from orchestrator.cli.init.found import Found
    from orchestrator.cli.init.github_side import GitHubSide
    from orchestrator.cli.init.place import Place
    from orchestrator.cli.init.premises import Wishes
    from orchestrator.cli.init.proposal import Proposal

_MESSAGE = "Set Mycelium up\n\nWritten by `mycelium init`.\n"
_PUBLIC = (
    "public, except where GitHub Enterprise Cloud restricts who may see them. They hold logs and changes of files."
)
_UNPREPARED = re.compile(r"^  setup:\n    default: \"\"$", re.MULTILINE)
"""Of a template that runs tests."""
_SETTING = "Allow GitHub Actions to create and approve pull requests"


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--template", "templates", multiple=True, metavar="NAME", help="A workflow of the gallery; repeatable.")
@click.option(
    "--engine", metavar="NAME", help="What runs the agents: claude (default), codex, replay, or one of mycelium.yaml."
)
@click.option("--test", metavar="COMMAND", help="The command that runs the tests; without it what the files suggest.")
@click.option("--setup", metavar="COMMAND", help="What has to run before the tests; without it what the files suggest.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME", help="A secret that the engine needs; repeatable.")
@click.option("--set-secret", is_flag=True, help="Set the secrets with gh, to what variables of these names hold.")
@click.option("--site", is_flag=True, default=None, help="Add a file that deploys the pages of what ran.")
@click.option("--validate", is_flag=True, default=None, help="Add a job that checks workflows in pull requests.")
@click.option("--no-sandbox", is_flag=True, help="Leave out the step that has the machine confine agents.")
@click.option("--action", metavar="OWNER/NAME@REF", help="The Action to use, such as a fork of it.")
@click.option("--history-branch", metavar="NAME", help="The branch that keeps executions, if another; '' for none.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing, as where there is no terminal.")
@click.option("--overwrite", is_flag=True, help="Write anew what you have changed.")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option("--no-commit", is_flag=True, help="Write into the folder, and commit nothing.")
@click.option("--github-app", is_flag=True, help="Write a page that makes a GitHub App with one click, and only that.")
@click.option("--organization", metavar="NAME", default="", help="The App's owner; without it, whoever opens the page.")
@click.option("--url", metavar="URL", default="", help="Where GitHub reaches your `mycelium serve`, if it shall.")
def init(folder: Path | None, **wanted: Any) -> None:
    """Set a repository up: workflows of the gallery, and the file that has GitHub Actions run them.

    DIR is a folder of the repository, the current one without it. Asks in a terminal what it is not told; elsewhere,
    with --yes and with --dry-run, it takes what stands in brackets there. What it writes becomes a commit on the branch
    mycelium/init; the checkout stays as it is. A second run changes nothing that is right.
    """
    if wanted["github_app"]:
        from orchestrator.cli.init.github_app import make_page

        make_page(folder, wanted["organization"], wanted["url"])
        return
    _Setting(folder or Path.cwd(), wanted).up()


class _Setting:
    """One run: what is there, what is wanted, and then what becomes of it."""

    def __init__(self, folder: Path, wanted: dict[str, Any]) -> None:
        from orchestrator.cli.console import Console
        from orchestrator.cli.init.github_side import GitHubSide
        from orchestrator.cli.init.place import Place

        self.wanted = wanted
        self.console: Console = Console.stdout()
        self.place: Place = Place.at(folder.absolute(), committing=not wanted["no_commit"])
        self.github: GitHubSide | None = GitHubSide.of(self.place.settings)
        self.asking = sys.stdin.isatty() and sys.stdout.isatty() and not wanted["yes"] and not wanted["dry_run"]

    def up(self) -> None:
        from orchestrator.cli.init import beginning, showing
        from orchestrator.cli.init.proposal import propose

        found = self.place.found()
        name = self.github.name if self.github else self.place.checkout.root.name
        showing.headline(self.console, name, found)
        proposal = propose(self.place.premises(), self._wishes())
        showing.files(self.console, proposal)
        for path in proposal.idle:
            showing.warning(self.console, f"{path} deploys pages of nothing, as no execution is kept: delete it.")
        if self.place.committing:
            showing.beginning(self.console, beginning.lines(self.place, begins=bool(proposal.written)))
        if self.wanted["site"]:
            self._warn_of_readers()
        self.console.line()
        if self.wanted["dry_run"]:
            showing.differences(self.console, proposal)
            self.console.line(_would(proposal))
            return
        todo = self._write(proposal)
        showing.steps(
            self.console,
            [
                *self._bare(proposal),
                *self._lacking(proposal),
                *todo,
                *self._secrets(proposal),
                *self._setting(proposal),
                *self._pages(),
                *self._pin(proposal),
            ],
        )

    def _wishes(self) -> Wishes:
        from orchestrator import gallery
        from orchestrator.cli.init.premises import Wishes
        from orchestrator.cli.init.proposal import check_engine
        from orchestrator.cli.init.questions import FIRST, Answers, ask, chosen
        from orchestrator.definition.node_shapes import ENGINES
        from orchestrator.definition.parse import load_workflow

        wanted, found, premises = self.wanted, self.place.found(), self.place.premises()
        names = [each.name for each in gallery.templates()]
        given = tuple(chosen(names, word) for word in wanted["templates"])
        default = given or (() if premises.files else (FIRST,))
        test = wanted["test"] if wanted["test"] is not None else found.test
        answers = Answers(templates=default, engine=wanted["engine"] or "claude", test=test)
        check_engine(answers.engine, premises.project)
        if self.asking:
            known = [(each, load_workflow(each.text, each.name).description) for each in gallery.templates()]
            told = [name for name in ("engine", "test") if wanted[name] is not None] + ["templates"] * bool(given)
            engines = (*ENGINES, *premises.project.engines)
            answers = ask(self.console, known, found, answers, engines=engines, given=told)
        return Wishes(
            templates=answers.templates,
            defaults={"test": answers.test, "setup": self._before_tests(answers.test, found), "engine": answers.engine},
            secrets=wanted["secrets"],
            action=wanted["action"],
            history_branch=wanted["history_branch"],
            site=wanted["site"],
            validate=wanted["validate"],
            sandbox=not wanted["no_sandbox"],
            overwrite=wanted["overwrite"],
        )

    def _before_tests(self, test: str, found: Found) -> str:
        """What was found belongs to the command that was found, where that is one of its own environment."""
        if self.wanted["setup"] is not None:
            return str(self.wanted["setup"])
        return found.setup if test == found.test or ".venv/" not in found.test else ""

    def _bare(self, proposal: Proposal) -> list[tuple[str, tuple[str, ...]]]:
        """Templates that run tests on a machine where nobody said what has to be there."""
        bare = [each.path for each in proposal.files if each.written and _UNPREPARED.search(each.text)]
        if not bare:
            return []
        what = "Say what the tests need that are run on a machine with nothing but your commit."
        step = f"{proposal.starter.path}: a step before Mycelium"
        return [(what, (*(f"{path}: inputs, setup" for path in bare), step))]

    def _lacking(self, proposal: Proposal) -> list[tuple[str, tuple[str, ...]]]:
        """What only somebody who knows a file of their own can put into it."""
        file = proposal.starter
        return [(f"Put into {file.path}, which is yours, what it lacks.", file.lacks)] if file.lacks else []

    def _write(self, proposal: Proposal) -> list[tuple[str, tuple[str, ...]]]:
        """Write what is to be written; what to do with it."""
        written = self.place.ended(proposal.written)
        if not written:
            self.console.line(_nothing(proposal, "was"))
            there = self.place.unmerged if self.place.committing else None
            return self._to_push(there) if there else []
        if not self.place.committing:
            self.place.write(written)
            self.console.line(f"{_files(len(written))} written. Nothing was committed.")
            return [("Look at them, and commit them.", ("git status",))]
        branch = self.place.branch
        empty, before = self.place.commit is None, branch.here
        commit = branch.commit(written, _MESSAGE, onto=self.place.commit)
        begun = " An empty first commit was made, as there was none." if empty else ""
        if before and not branch.has(commit, before):
            begun = f" What the branch had before is merged; it was {before[:12]}."
        self.console.line(
            f"{_files(len(written))} committed on {branch.name} ({commit[:12]}). Your checkout is as it was.{begun}"
        )
        return self._to_push(commit)

    def _to_push(self, commit: str) -> list[tuple[str, tuple[str, ...]]]:
        from orchestrator.cli.init.pushing import steps

        link = self.github.compare(self.place.branch.name) if self.github else None
        return steps(self.place.branch, commit, self.place.start, link)

    def _secrets(self, proposal: Proposal) -> list[tuple[str, tuple[str, ...]]]:
        """Secrets that are not set yet, each with how to; they are set here where that is wanted."""
        known = (self.github.secrets() if self.github else None) or frozenset()
        return [todo for name in proposal.secrets if name not in known for todo in self._secret(name)]

    def _secret(self, name: str) -> list[tuple[str, tuple[str, ...]]]:
        github, value = self.github, os.environ.get(name, "")
        if github and github.gh and self.wanted["set_secret"] and value:
            if github.set_secret(name, value):
                self.console.line(f"The secret {name} is set.")
                return []
            self.console.line(f"gh did not set the secret {name}: see `gh auth status`.")
        elif github and github.gh and self.asking and self._agreed(name) and github.ask_for_secret(name):
            return []
        where = f" --repo {github.name}" if github else ""
        page = (f"{github.web}/{github.name}/settings/secrets/actions",) if github else ()
        return [(f"Set the secret {name}: the agents' program needs it.", (f"gh secret set {name}{where}", *page))]

    def _agreed(self, name: str) -> bool:
        return click.confirm(f"Set the secret {name} now, with gh?", default=True, err=True)

    def _warn_of_readers(self) -> None:
        from orchestrator.cli.init import showing

        private = self.github.private() if self.github else None
        if private is not False:
            whose = "this private repository are" if private else "a private repository are"
            showing.warning(self.console, f"Everybody on the internet can read Pages: those of {whose} {_PUBLIC}")

    def _pages(self) -> list[tuple[str, tuple[str, ...]]]:
        if not self.wanted["site"] or (self.github and self.github.pages_come_from_actions()):
            return []
        where = (self.github.pages_settings,) if self.github else ("Settings → Pages → Source",)
        return [("Enable GitHub Pages, with “GitHub Actions” as the source.", where)]

    def _pin(self, proposal: Proposal) -> list[tuple[str, tuple[str, ...]]]:
        if not proposal.unpinned:
            return []
        from orchestrator.cli.init.pin import ACTION

        why = f"{ACTION} is a tag, which moves, and {self.place.settings.action_url} did not tell its commit"
        return [(f"Pin the Action: {why}. Where that can be reached, run", ("mycelium init",))]

    def _setting(self, proposal: Proposal) -> list[tuple[str, tuple[str, ...]]]:
        if not proposal.asked.opens_pull_requests:
            return []
        allowed = self.github.may_open_pull_requests() if self.github else None
        if allowed:
            return []
        what = "Switch on" if allowed is False else "See that this is on:"
        where = (self.github.actions_settings,) if self.github else ("Settings → Actions → General",)
        return [(f"{what} “{_SETTING}”.", where)]


def _would(proposal: Proposal) -> str:
    count = len(proposal.written)
    return f"{_files(count)} would be written." if count else _nothing(proposal, "would be")


def _nothing(proposal: Proposal, verb: str) -> str:
    if proposal.kept and all(each.shared for each in proposal.kept):
        return f"Nothing {verb} written. What is marked with ! has jobs of yours: change it yourself."
    if proposal.kept:
        return f"Nothing {verb} written. --dry-run shows how what is marked with ! differs, --overwrite replaces it."
    return f"Everything is right as it is: nothing {verb} written."


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
