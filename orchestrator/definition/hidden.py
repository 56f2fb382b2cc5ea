"""Characters that people do not see, or that change the order in which they see the others; parts of a regular
expression's class. https://trojansource.codes"""

from __future__ import annotations

from typing import Final

UNSEEN: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
JOINERS: Final = "\u200c\u200d"
"""Unseen by themselves, and part of how some scripts and emoji are written."""
