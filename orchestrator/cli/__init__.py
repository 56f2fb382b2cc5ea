"""The command line, `mycelium`: one file per verb, loaded when it is called."""

from __future__ import annotations

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Run `mycelium` with the arguments of this process and end it with an exit code of `errors.ExitCode`."""
    from orchestrator.cli.exit import ended
    from orchestrator.cli.program import mycelium
    from orchestrator.cli.streams import make_whole
    from orchestrator.queue.mortal import close_to_others

    close_to_others()
    make_whole()
    code = ended(mycelium)
    # All memory is given back at once; looking through it for garbage first takes a tenth of a second.
    gc.freeze()
    raise SystemExit(code)
