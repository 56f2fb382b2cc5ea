"""A scratch repository for each test in which `mycelium` finds the real agent programs, and no key but a fake one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.fakes.agent_clis import Cli, takes_turn
from tests.fakes.checkout import Checkout, checkouts
from tests.fakes.model_server import ModelServer, Script, model_server

Serve = Callable[[Cli, Script], AbstractContextManager[ModelServer]]


ALL_ENGINES = bool(os.environ.get("ALL_ENGINES"))
"""Whether each test is done with each program (`make engines`). Else with one of them: a start costs seconds."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if ALL_ENGINES or any("::" in each for each in config.args):  # who names a test wants that one
        return
    left = {item for item in items if isinstance(item, pytest.Function) and not _takes_turn(item)}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [item for item in items if item not in left]


def _takes_turn(item: pytest.Function) -> bool:
    """Tests of other folders always do, and so do those that are about no program."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if "cli" not in parameters or not item.path.is_relative_to(Path(__file__).parent):
        return True
    return takes_turn(item.nodeid, parameters["cli"].name)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    yield from checkouts(tmp_path)


@pytest.fixture
def seconds() -> str:
    """A number that nobody else sleeps for."""
    return str(10**6 + secrets.randbelow(10**6))


@pytest.fixture
def serve(checkout: Checkout) -> Serve:
    """A scripted model, which the programs that the checkout starts talk to from then on."""

    @contextmanager
    def serving(cli: Cli, script: Script) -> Iterator[ModelServer]:
        with model_server(script) as model:
            environ = cli.environ(model.url)
            folder = Path(cli.program).parent
            checkout.environ.update({**environ, "PATH": f"{folder}:{environ['PATH']}"})
            yield model

    return serving
