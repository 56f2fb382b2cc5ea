"""A scratch repository for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.checkout import Checkout, checkouts


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    yield from checkouts(tmp_path)
