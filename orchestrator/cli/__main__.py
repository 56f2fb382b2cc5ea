"""Lets `python -m orchestrator.cli` stand for `mycelium` where the script is not on PATH."""

from orchestrator.cli import main

main()
