"""The manifest of a GitHub App with the least permissions, and a page that hands it to GitHub. Pure.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from orchestrator.github.permissions import EVENTS, OPTIONAL, WANTED

LONGEST_NAME: Final = 34
WEBHOOK: Final = "/webhooks/github"
REDIRECT: Final = "/github-app"
LOCAL: Final = "http://127.0.0.1:8000"
"""Where `mycelium serve` listens unless it is told otherwise."""

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; form-action {origin}">
<title>Create the GitHub App {name}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem }} pre {{ overflow: auto; padding: 1rem; background: #8882 }}</style>
<h1>Create the GitHub App “{name}”</h1>
<p>The button takes you to {web}, which shows what the App may do, and asks for its name, before it makes one.</p>
<form action="{action}" method="post">
<input type="hidden" name="manifest" value="{manifest}">
<button>Go to GitHub</button>
</form>
<h2>What it asks for</h2>
<pre>{shown}</pre>
</html>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewApp:
    """An App to be. `server` is where a Mycelium server is reached from outside, empty without one.

    `organization` owns it, else whoever opens the page.
    """

    web: str
    repository: str
    server: str = ""
    organization: str = ""

    @property
    def name(self) -> str:
        """GitHub asks for it once more, as it has to be unique there."""
        owner = self.organization or self.repository.partition("/")[0]
        return re.sub(r"[^A-Za-z0-9-]+", "-", f"mycelium-{owner}")[:LONGEST_NAME].strip("-")

    @property
    def action(self) -> str:
        account = f"/organizations/{quote(self.organization, safe='')}" if self.organization else ""
        return f"{self.web}{account}/settings/apps/new"

    @property
    def redirect(self) -> str:
        """Where GitHub sends the browser with the code that the App's key is got with."""
        return (self.server or LOCAL) + REDIRECT


def manifest(app: NewApp) -> dict[str, Any]:
    """Without a server it hears of nothing, as nobody listens."""
    found: dict[str, Any] = {
        "name": app.name,
        "url": f"{app.web}/{app.repository}",
        "description": "Runs the repository's Mycelium workflows, and shows what they do.",
        "redirect_url": app.redirect,
        "public": False,
        "default_permissions": {each.name: each.level for each in (*WANTED, *(OPTIONAL if app.organization else ()))},
    }
    if app.server:
        found["hook_attributes"] = {"url": app.server + WEBHOOK, "active": True}
        found["default_events"] = list(EVENTS)
    return found


def page(app: NewApp) -> str:
    """An HTML page whose button posts the manifest to GitHub; it loads nothing and runs nothing."""
    made = manifest(app)
    values = {
        "origin": app.web,
        "name": app.name,
        "web": app.web,
        "action": app.action,
        "manifest": json.dumps(made),
        "shown": json.dumps(made, indent=2),
    }
    return _PAGE.format(**{name: html.escape(value) for name, value in values.items()})
