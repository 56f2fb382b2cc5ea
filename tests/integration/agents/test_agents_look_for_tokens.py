"""An agent that looks for a GitHub token everywhere it can think of, with the real programs."""

from __future__ import annotations

import json
from secrets import token_hex

import pytest

from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.checkout import Checkout, statuses
from tests.fakes.model_server import say, turns
from tests.integration.agents.conftest import Serve

pytestmark = pytest.mark.parametrize("cli", every_cli())

NEAR = (
    "env",
    "tr '\\0' '\\n' </proc/self/environ",
    "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
    "git config --list --show-origin",
    "cat .git/config .git/objects/info/alternates",
    "git remote -v",
    "git credential fill </dev/null",
)
"""Where tokens of GitHub's runner and of Mycelium's own processes lie."""

FAR = (
    'cat "$HOME"/.git-credentials "$HOME"/.netrc "$HOME"/.config/gh/hosts.yml',
    "grep -rhs ghs_ {folder} /tmp /var/tmp /dev/shm /run",
)
"""Files of the worker's user, which only a sandbox hides."""


def agent(cli: Cli, commands: tuple[str, ...]) -> object:
    """One command after the other, whatever becomes of each."""
    return turns(*(say(cli.shell(f"{{ {command}; }} 2>&1; true")) for command in commands), say("I found none."))


@pytest.mark.parametrize("sandbox", ["auto", "none"])
def test_no_token_is_found(cli: Cli, sandbox: str, checkout: Checkout, serve: Serve) -> None:
    token = f"ghs_{token_hex(20)}"
    # As actions/checkout leaves it, and as people do.
    checkout.git("config", "http.https://github.com/.extraheader", f"AUTHORIZATION: basic {token}")
    checkout.git("remote", "add", "origin", f"https://x-access-token:{token}@github.com/octo-org/example.git")
    home = checkout.folder / "home"
    for path in (".git-credentials", ".netrc", ".config/gh/hosts.yml"):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(f"{token}\n")
    checkout.environ.update({"GITHUB_TOKEN": token, "GH_TOKEN": token, "MYCELIUM_GITHUB_TOKEN": token})
    checkout.workflow(
        "look",
        f"""
        name: Look
        nodes:
          look: {{agent: code-reviewer, engine: {cli.name}, tools: [Bash], sandbox: {sandbox}, prompt: Look around.}}
        """,
    )
    far = tuple(command.format(folder=checkout.folder) for command in FAR) if sandbox == "auto" else ()
    with serve(cli, agent(cli, (*NEAR, *far))) as model:  # type: ignore[arg-type]
        shown = checkout.run("look")
    assert statuses(shown) == {"look": "completed"}
    told = json.dumps([asked.body for asked in model.asked])
    assert "MYCELIUM_NODE" in told
    assert token not in told
    assert token not in "\n".join(checkout.log("--node", "look"))
