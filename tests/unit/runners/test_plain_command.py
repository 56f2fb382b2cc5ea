"""Which scripts are executed without a shell."""

from __future__ import annotations

import pytest

from orchestrator.runners.plain_command import plain_command


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("/bin/true", ["/bin/true"]),
        (
            "\n  /usr/bin/env python3 -m pytest --maxfail=1 tests/unit\n",
            ["/usr/bin/env", "python3", "-m", "pytest", "--maxfail=1", "tests/unit"],
        ),
        ("/opt/a-b/c++\t-O2\n\n", ["/opt/a-b/c++", "-O2"]),
    ],
)
def test_one_plain_command_needs_no_shell(script: str, words: list[str]) -> None:
    assert plain_command(script) == words


@pytest.mark.parametrize(
    "script",
    [
        "",
        "true",
        "make test",
        "./script",
        "X=1 /bin/true",
        "/bin/true\n/bin/false",
        "/bin/true; /bin/false",
        "/bin/echo $HOME",
        "/bin/echo 'a'",
        '/bin/echo "a"',
        "/bin/echo a\\ b",
        "/bin/echo *",
        "/bin/echo ~",
        "/bin/echo {a,b}",
        "/bin/echo a > b",
        "/bin/echo a | /bin/cat",
        "/bin/echo a &",
        "/bin/echo a # b",
        "/bin/echo `date`",
        "/bin/echo !!",
        "/bin/echo é",
        "/bin/echo a\r\n",
        "# /bin/true",
        "(/bin/true)",
    ],
)
def test_whatever_a_shell_would_read_goes_to_a_shell(script: str) -> None:
    assert plain_command(script) is None
