"""A scratch repository for each test in which `mycelium` finds the real agent programs, and no key but a fake one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.fakes.agent_clis import Cli
from tests.fakes.checkout import Checkout, checkouts
from tests.fakes.model_server import ModelServer, Script, model_server

Serve = Callable[[Cli, Script], AbstractContextManager[ModelServer]]


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
