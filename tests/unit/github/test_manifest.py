"""The App that GitHub is asked to make: the least it needs, under a name it may have, on a page that is only a form."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from orchestrator.github.manifest import NewApp, manifest, page

WEB = "https://github.com"


class Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def first(self, tag: str) -> dict[str, str | None]:
        return next(attributes for name, attributes in self.tags if name == tag)


def read(text: str) -> Form:
    form = Form()
    form.feed(text)
    return form


def test_without_a_server_it_hears_of_nothing() -> None:
    made = manifest(NewApp(web=WEB, repository="octo/demo"))
    assert made["default_permissions"] == {
        "metadata": "read",
        "checks": "write",
        "contents": "write",
        "pull_requests": "write",
        "issues": "write",
    }
    assert {"hook_attributes", "default_events"} & set(made) == set()
    assert made["redirect_url"] == "http://127.0.0.1:8000/github-app"
    assert (made["name"], made["url"], made["public"]) == ("mycelium-octo", "https://github.com/octo/demo", False)


def test_with_a_server_it_hears_what_workflows_can_start_on() -> None:
    made = manifest(NewApp(web=WEB, repository="octo/demo", server="https://my.example", organization="octo"))
    assert made["hook_attributes"] == {"url": "https://my.example/webhooks/github", "active": True}
    assert {"push", "pull_request", "issue_comment", "check_run"} <= set(made["default_events"])
    assert made["default_permissions"]["members"] == "read"


@pytest.mark.parametrize("owner", ["o" * 60, "a--b", "-x-", "ab_c.d"])
def test_names_that_github_takes(owner: str) -> None:
    name = NewApp(web=WEB, repository=f"{owner}/demo").name
    assert len(name) <= 34
    assert name.startswith("mycelium-")
    assert name == name.strip("-")


@pytest.mark.parametrize(
    ("organization", "action"),
    [
        ("", "https://github.com/settings/apps/new"),
        ("octo", "https://github.com/organizations/octo/settings/apps/new"),
    ],
)
def test_the_page_posts_the_manifest_to_github(organization: str, action: str) -> None:
    app = NewApp(web=WEB, repository="octo/demo", organization=organization)
    form = read(page(app))
    assert form.first("form") == {"action": action, "method": "post"}
    sent = form.first("input")
    assert sent["name"] == "manifest"
    assert json.loads(sent["value"] or "") == manifest(app)


def test_nothing_on_the_page_is_taken_for_html() -> None:
    app = NewApp(web="https://ghe.example", repository="octo/demo", server='https://x"><script>alert(1)</script>')
    form = read(page(app))
    assert {tag for tag, _ in form.tags} & {"script", "img", "iframe"} == set()
    assert json.loads(form.first("input")["value"] or "") == manifest(app)
