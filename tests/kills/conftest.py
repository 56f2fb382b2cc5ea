"""A scratch repository for each test, whose processes can be told from all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.checkout import Checkout, checkouts
from tests.fakes.evidence import marked


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    yield from marked(checkouts(tmp_path))
