"""Placeholders in texts of `mycelium.yaml`: `{model}` stands for a value, `{{model}}` for itself.

Only a name in braces is one, so that JSON can stand in such a text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

_PLACEHOLDER = re.compile(r"\{\{[A-Za-z_][A-Za-z0-9_]*\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names_in(text: str) -> Iterator[tuple[str, int]]:
    """The placeholders of `text`, and where each begins."""
    for match in _PLACEHOLDER.finditer(text):
        if match[1]:
            yield match[1], match.start()


def filled(text: str, values: Mapping[str, str]) -> str | None:
    """`text` with the values in the places of their names; None where one of them has none. A value is not looked
    into again."""
    if any(name not in values for name, _ in names_in(text)):
        return None
    return _PLACEHOLDER.sub(lambda match: values[match[1]] if match[1] else match[0][1:-1], text)


def filled_words(groups: Iterable[Iterable[str]], values: Mapping[str, str]) -> list[str]:
    """The words of all groups in which every placeholder has a value."""
    words: list[str] = []
    for group in groups:
        whole = [filled(word, values) for word in group]
        if None not in whole:
            words += [word for word in whole if word is not None]
    return words


def filled_map(texts: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """The entries in which every placeholder has a value."""
    whole = {name: filled(text, values) for name, text in texts.items()}
    return {name: text for name, text in whole.items() if text is not None}
