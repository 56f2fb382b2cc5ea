"""The first process in a sandbox: opens its way out, starts the program, and sees it and all it started to the end.

Run as a script by `jail.py`, with nothing but the standard library, and of that only what starts fast:

    bridge.pyc SOCKET ADDRESS:PORT… -- PROGRAM [ARGUMENT]…

A sandbox has a network of its own, without a way out. The bridge listens at each address there, and hands the listening
sockets to the proxy outside, over the unix socket SOCKET; whoever connects to them is answered from there. As the
namespace's init it sees everything the program starts. When the program has ended, what it left behind has a moment to
finish, then two seconds to obey SIGTERM; what lives then dies with the bridge, whose last word to the proxy is a line
with the signal that ended the program, or 0, and a line for each process that was left.
"""

import os
import sys
import time
from _socket import AF_INET, AF_INET6, AF_UNIX, SCM_RIGHTS, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

BACKLOG = 128
LEAVE_SECONDS = 0.1
OBEY_SECONDS = 2.0
# INT, TERM and HUP are ignored by bubblewrap and the bridge, so that only the program hears them; PIPE and XFSZ are
# ignored by Python. The module that has their names takes as long to import as all the rest.
RESTORED = (2, 15, 1, 13, 25)


def listening(address: str, port: int) -> socket:
    """A socket that listens there."""
    listener = socket(AF_INET6 if ":" in address else AF_INET, SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener


def hand_over(place: str, listeners: list[socket]) -> socket:
    """The proxy outside, which has the listening sockets from now on."""
    proxy = socket(AF_UNIX, SOCK_STREAM)
    proxy.connect(place)
    numbers = b"".join(each.fileno().to_bytes(4, sys.byteorder) for each in listeners)
    proxy.sendmsg([b"+"], [(SOL_SOCKET, SCM_RIGHTS, numbers)])
    for each in listeners:
        each.close()
    return proxy


def wait_for(pid: int) -> int:
    """The wait status of `pid`; orphans that die meanwhile are collected."""
    while True:
        found, status = os.waitpid(-1, 0)
        if found == pid:
            return status


def end_leftovers() -> list[str]:
    """End what the program left behind, after a moment to finish; its command lines."""
    if _quiet_within(LEAVE_SECONDS):
        return []
    import signal

    left = _others()
    try:
        os.kill(-1, signal.SIGTERM)
    except ProcessLookupError:
        return left
    _quiet_within(OBEY_SECONDS)
    return left


def _quiet_within(seconds: float) -> bool:
    """Whether nothing but the bridge is alive before the time is up."""
    if _alone():
        return True
    import signal

    # From here on the news of a death waits to be asked for.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    deadline = time.monotonic() + seconds
    while not _alone():
        left = deadline - time.monotonic()
        if left <= 0 or signal.sigtimedwait([signal.SIGCHLD], left) is None:
            return _alone()
    return True


def _alone() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _others() -> list[str]:
    """What `ps` would call the other processes, cut to what fits into a line."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - importing pathlib is slow
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:  # noqa: PTH123 - as above
                    text = file.read(400).replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if line := "".join(letter if letter.isprintable() else "?" for letter in text).strip()[:120]:
                found.append(line)
    return found


def main(arguments: list[str]) -> int:
    """Run the program; the exit code that says how it ended, as a shell would."""
    cut = arguments.index("--")
    (place, *addresses), command = arguments[:cut], arguments[cut + 1 :]
    parts = [each.rpartition(":") for each in addresses]
    proxy = hand_over(place, [listening(address, int(port)) for address, _, port in parts])
    try:
        pid = os.posix_spawn(command[0], command, os.environ, setsigdef=RESTORED)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        return 127
    status = wait_for(pid)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    proxy.sendall("".join(f"{line}\n" for line in (number, *end_leftovers())).encode("utf-8", "replace"))
    return 128 + number if number else os.WEXITSTATUS(status)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
