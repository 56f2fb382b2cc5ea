"""A model on loopback behind the interfaces that real coding agents speak, whose every turn a function decides."""

from tests.fakes.model_server.script import Asked, Block, Break, Script, Turn, call, flood, say, turns
from tests.fakes.model_server.serving import ModelServer, model_server

__all__ = ["Asked", "Block", "Break", "ModelServer", "Script", "Turn", "call", "flood", "model_server", "say", "turns"]
