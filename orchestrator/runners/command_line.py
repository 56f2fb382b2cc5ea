"""What a command line holds."""

from __future__ import annotations

from typing import Final

ARGUMENT_LIMIT: Final = 120_000
"""Bytes of one word: Linux takes 131,072, https://man7.org/linux/man-pages/man2/execve.2.html"""
