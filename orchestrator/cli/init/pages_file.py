"""The workflow file that deploys the pages of what ran.

It is a file of its own, as GitHub lets only the default branch deploy to the environment `github-pages`: a job of the
file that starts on pull requests would be refused there. A job of `workflow_run` belongs to the default branch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrator.cli.init.actions_file import CHECKOUT, DEFAULT_FOLDER, FOLDER, history, used
from orchestrator.cli.init.pin import ACTION
from orchestrator.cli.init.yaml_words import flow, scalar
from orchestrator.settings import DEFAULT_HISTORY_BRANCH

PATH: Final = ".github/workflows/mycelium-pages.yml"
NAMES: Final = (PATH, ".github/workflows/mycelium-site.yml")
"""What it is called, and what where somebody else's file has that name."""
UPLOAD: Final = "actions/upload-pages-artifact@fc324d3547104276b827a68afc52ff2a11cc49c9 # v5.0.0"
DEPLOY: Final = "actions/deploy-pages@cd2ce8fcbc39b97be8ca5fce6e763baed58fa128 # v5.0.0"

_KEPT: Final = {
    "action": r"uses: ([^/\s]+/mycelium@(?:[0-9a-f]{40} # \S+|\S+))",
    "checkout": r"uses: (actions/checkout@.*)$",
    "upload": r"uses: (actions/upload-pages-artifact@.*)$",
    "deploy": r"uses: (actions/deploy-pages@.*)$",
    "runs_on": r"^    runs-on: (.*)$",
    "minutes": r"^    timeout-minutes: (\d+)$",
}
_ASKED: Final = {
    "follows": r"^    workflows: \[(.*)\]$",
    "workflows_dir": rf"^ +{FOLDER}: (.*)$",
    "history_branch": r"^ +history-branch: (.*)$",
}
_SITE: Final = re.compile(r"^ *(with: *\{.*)?\bmode: ['\"]?site\b", re.M)


@dataclass(frozen=True, kw_only=True, slots=True)
class PagesFile:
    """`follows` is the `name` of the workflow of Actions after whose jobs there is something new."""

    follows: str
    action: str = ACTION
    workflows_dir: str = DEFAULT_FOLDER
    history_branch: str = DEFAULT_HISTORY_BRANCH
    checkout: str = CHECKOUT
    upload: str = UPLOAD
    deploy: str = DEPLOY
    runs_on: str = "ubuntu-latest"
    minutes: str = "15"

    def text(self) -> str:
        elsewhere = self.workflows_dir != DEFAULT_FOLDER
        env = f"        env:\n          {FOLDER}: {scalar(self.workflows_dir)}\n" if elsewhere else ""
        kept = "".join(f"          {line}\n" for line in history(self.history_branch))
        return f"""\
# Deploys the pages of what Mycelium ran. `mycelium init --site` wrote it.
name: Mycelium pages
on:
  # What deploys has to belong to the default branch, and a job that follows another does.
  workflow_run: # zizmor: ignore[dangerous-triggers] it takes nothing from the job that it follows
    workflows: {flow([self.follows])}
    types: [completed]
  workflow_dispatch:

permissions: {{}}

concurrency:
  group: mycelium-pages
  cancel-in-progress: false

jobs:
  site:
    name: Pages of what ran
    if: github.event.workflow_run.conclusion != 'skipped'
    runs-on: {self.runs_on}
    timeout-minutes: {self.minutes}
    permissions:
      contents: read # the history branch
      id-token: write # Pages asks which job deploys
      pages: write # the deployment
    environment:
      name: github-pages
      url: ${{{{ steps.pages.outputs.page_url }}}}
    steps:
      - uses: {self.checkout}
        with:
          persist-credentials: false
      - id: build
        uses: {used(self.action)}
        with:
          mode: site
{kept}{env}      - uses: {self.upload}
        with:
          path: ${{{{ steps.build.outputs.site-path }}}}
      - id: pages
        uses: {self.deploy}
"""

    def renewed(self, before: str) -> PagesFile:
        """With the pins, the machine and the Action that a file has already."""
        kept: dict[str, Any] = {
            name: found[1] for name, each in _KEPT.items() if (found := re.search(each, before, re.M))
        }
        return replace(self, **kept)

    def is_all_of(self, text: str) -> bool:
        """Whether a file is as it was written, but perhaps for what it follows, and where things lie."""
        said = {name: found[1].strip('"') for name, each in _ASKED.items() if (found := re.search(each, text, re.M))}
        default = {"workflows_dir": DEFAULT_FOLDER, "history_branch": DEFAULT_HISTORY_BRANCH}
        return replace(self, **{**default, **said}).text() == text


def builds_pages(text: str) -> bool:
    """Whether a workflow file of Actions has a step of Mycelium in mode `site`."""
    return "/mycelium@" in text and _SITE.search(text) is not None
