"""An MCP server over its standard streams, as small as one can be: `python mcp_server.py HOW [FILE]`.

`works` offers the tool `echo`, and writes its environment into FILE. `exits` ends at once, with a complaint. `hangs`
never answers. `refuses` answers every request with an error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ECHO = {
    "name": "echo",
    "description": "Says it again.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}


def main(how: str, file: str = "") -> None:
    if how == "exits":
        sys.exit("the server has no mind to work")
    if how == "hangs":
        time.sleep(1000)
    if file:
        Path(file).write_text(json.dumps(dict(os.environ)), encoding="utf-8")
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            answer = {"error": {"code": -1, "message": "no"}} if how == "refuses" else {"result": _result(request)}
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}), flush=True)


def _result(request: dict[str, Any]) -> dict[str, Any]:
    given = request.get("params") or {}
    match request["method"]:
        case "initialize":
            return {
                "protocolVersion": given["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "echo", "version": "1"},
            }
        case "tools/list":
            return {"tools": [ECHO]}
        case "tools/call":
            return {"content": [{"type": "text", "text": f"echo: {given['arguments']['text']}"}]}
        case _:
            return {}


if __name__ == "__main__":
    main(*sys.argv[1:])
