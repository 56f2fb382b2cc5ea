"""Reading what anybody may have written: every value of the type it should be, and no field that is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def strict(of: Any) -> TypeAdapter[Any]:
    """`of` is a tuple, because the settings would not reach a dataclass by itself."""
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(of, config=ConfigDict(extra="forbid", strict=True))
