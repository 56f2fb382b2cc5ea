"""`mycelium init --github-app`: a page that makes a GitHub App of one's own."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from orchestrator.cli.place import repository_settings, shown
from orchestrator.errors import BadInput
from orchestrator.settings import Settings

PAGE = "github-app.html"


def make_page(folder: Path | None, organization: str, url: str) -> None:
    """Write the page, and say what to do with it.

    It hands GitHub a manifest with the least permissions, which GitHub shows before it makes the App.
    """
    if folder is not None:
        os.chdir(folder)
    settings = repository_settings()
    page = _write_page(settings, organization.strip(), _server(url))
    for line in _steps(settings, page, organization.strip()):
        click.echo(line)


def _server(url: str) -> str:
    server = url.strip().rstrip("/")
    if server and (urlsplit(server).scheme != "https" or not urlsplit(server).hostname):
        raise BadInput(f"--url is {url!r}, and has to begin with https://", hint="GitHub sends what is secret there")
    return server


def _write_page(settings: Settings, organization: str, server: str) -> Path:
    from orchestrator import app
    from orchestrator.git.ignoring import make_self_ignoring
    from orchestrator.github.address import address
    from orchestrator.github.manifest import NewApp, page

    repository = app.github_repository(settings)
    if repository is None:
        hint = "git remote add origin https://github.com/OWNER/NAME, or set GITHUB_REPOSITORY"
        raise BadInput("the App is for a repository on GitHub, and `origin` is none", hint=hint)
    web = address(settings.github_api_url).web
    make_self_ignoring(settings.home_dir)
    file = settings.home_dir / PAGE
    new = NewApp(web=web, repository=repository, server=server, organization=organization)
    file.write_text(page(new), encoding="utf-8")
    return file


def _steps(settings: Settings, page: Path, organization: str) -> list[str]:
    whose = f"the organization {organization}" if organization else "your account"
    return [
        f"1. Open {shown(page)} in a browser where you are logged in to GitHub, and press the button.",
        f"   GitHub shows what the App may do, and makes it for {whose}.",
        "2. GitHub then sends the browser to an address that ends in ?code=CODE. Whether or not a page appears there,",
        "   the code is good for an hour, once. Get the App's id and keys with it:",
        f"     curl -X POST {settings.github_api_url.rstrip('/')}/app-manifests/CODE/conversions > app.json",
        "3. Install the App on this repository: `html_url` in app.json leads to its page.",
        "4. Set MYCELIUM_GITHUB_APP_ID to `id`, and MYCELIUM_GITHUB_PRIVATE_KEY to `pem` or a file with it;",
        "   keep `webhook_secret`. Then delete app.json, and see what `mycelium doctor` says.",
    ]
