"""Templates that were compiled before: they lie where Python keeps what it compiled of this package."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError
from typing import Final

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache

DAMAGED: Final = (UnpicklingError, EOFError, ValueError, TypeError, AttributeError, ImportError, IndexError)
"""In so many ways `pickle` may say it."""


class CompiledTemplates(FileSystemBytecodeCache):
    """As trustworthy as the compiled modules beside them, and written where those are: compiling all templates takes
    half a second of each process that renders a page. Jinja itself sees to it that they belong to their sources, but
    not that they were made by this version of it and with these `options`: the names of the files do."""

    def __init__(self, options: Mapping[str, object], folder: Path | None = None) -> None:
        made_by = sha256(f"{jinja2.__version__} {sys.version} {sorted(options.items())}".encode()).hexdigest()[:16]
        super().__init__(str(folder or Path(cache_from_source(__file__)).parent), f"%s.{made_by}.template")

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is damaged is compiled again."""
        try:
            super().load_bytecode(bucket)
        except DAMAGED:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Where it cannot be kept, it is compiled again next time."""
        if sys.dont_write_bytecode:
            return
        try:
            super().dump_bytecode(bucket)
        except OSError:
            return
