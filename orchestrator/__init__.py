"""Mycelium: multi-agent workflows for GitHub repositories."""

__version__ = "0.1.0"
