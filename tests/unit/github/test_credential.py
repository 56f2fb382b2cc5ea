"""Who speaks, where to, and about what: read from settings, with a word for each that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import settings as configuration
from orchestrator.errors import MyceliumError, SetupError
from orchestrator.github.address import Address, address, full_name, repository_of
from orchestrator.github.connect import Place, connect, repository_name
from orchestrator.github.credential import AppKey, Token, credential
from orchestrator.lifecycle.ports.github import Credential
from orchestrator.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.github_key import key_pair

KEY = key_pair()[0]


def settings(root: Path, **given: str) -> Settings:
    names = {f"MYCELIUM_GITHUB_{name}": value for name, value in given.items()}
    return configuration.load(root, {"HOME": str(root), **names})


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://ghe.example.com/api/v3", "https://ghe.example.com"),
        ("https://ghe.example.com:8443/api/v3/", "https://ghe.example.com:8443"),
        ("https://api.octocorp.ghe.com", "https://octocorp.ghe.com"),
        ("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses(api: str, web: str) -> None:
    assert address(api) == Address(api=api.rstrip("/"), web=web)


@pytest.mark.parametrize(
    "api",
    [
        "",
        "api.github.com",
        "ftp://api.github.com",
        "https://github.com",
        "http://ghe.example.com/api/v3",
        "https://token@ghe.example.com/api/v3",
        "https://ghe.example.com/api/v3?x=1",
        "https://",
    ],
)
def test_addresses_that_cannot_be(api: str) -> None:
    with pytest.raises(SetupError, match="MYCELIUM_GITHUB_API_URL"):
        address(api)


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("git@github.com:octo/demo.git", "octo/demo"),
        ("github-work:octo/demo", "octo/demo"),
        ("ssh://git@ssh.github.com:443/octo/demo.git", "octo/demo"),
        ("https://github.com/octo/demo", "octo/demo"),
        ("https://user:secret@github.com/octo/demo.git/", "octo/demo"),
        ("http://127.0.0.1:1234/octo/de.mo_1.git", "octo/de.mo_1"),
        ("https://ghe.example.com/some/prefix/octo/demo.git", "octo/demo"),
        ("file:///srv/git/octo/demo.git", None),
        ("/srv/git/octo/demo.git", None),
        ("../demo", None),
        ("C:\\demo", None),
        ("https://github.com/demo", None),
        ("https://github.com/octo/..", None),
        ("https://github.com/octo/a b", None),
        ("", None),
    ],
)
def test_the_repository_of_a_remote(remote: str, name: str | None) -> None:
    assert repository_of(remote) == name


@given(st.text())
def test_no_remote_makes_trouble(remote: str) -> None:
    found = repository_of(remote)
    assert found is None or full_name(found) == found


def test_the_environment_goes_before_the_remote(tmp_path: Path) -> None:
    found = configuration.load(tmp_path, {"GITHUB_REPOSITORY": "octo/other", "HOME": str(tmp_path)})
    assert repository_name(found, "git@github.com:octo/demo.git") == "octo/other"
    assert repository_name(settings(tmp_path), "git@github.com:octo/demo.git") == "octo/demo"
    assert repository_name(settings(tmp_path), "/srv/git/demo") is None


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("ghp_" + "x" * 36, Credential.PERSONAL),
        ("github_pat_" + "x" * 82, Credential.PERSONAL),
        ("0123456789abcdef" * 2, Credential.PERSONAL),
        ("ghu_" + "x" * 36, Credential.PERSONAL),
        ("ghs_" + "x" * 36, Credential.ACTIONS),
        ("ghs_15368_" + "ey.x-_" * 150, Credential.ACTIONS),
    ],
)
def test_tokens_of_any_length(tmp_path: Path, token: str, kind: Credential) -> None:
    found = credential(settings(tmp_path, TOKEN=f" {token}\n"))
    assert isinstance(found, Token)
    assert (found.value, found.kind) == (token, kind)
    assert token not in repr(found)
    assert token[4:12] not in found.scope("octo")


@pytest.mark.parametrize("token", ["ghp_a\nb", "ghp_a b", "ghp_ä", "ghp_a\x00b"])
def test_a_token_that_cannot_stand_in_a_header_is_not_repeated(tmp_path: Path, token: str) -> None:
    with pytest.raises(SetupError, match="MYCELIUM_GITHUB_TOKEN") as raised:
        credential(settings(tmp_path, TOKEN=token))
    assert "ghp_" not in str(raised.value)


def test_nothing_is_set(tmp_path: Path) -> None:
    assert credential(settings(tmp_path)) is None
    assert credential(settings(tmp_path, TOKEN="  ")) is None
    assert connect(settings(tmp_path), "git@github.com:octo/demo.git", Place(clock=FakeClock())) is None
    with_token = settings(tmp_path, TOKEN="ghp_x")
    assert connect(with_token, "/srv/git/demo", Place(clock=FakeClock())) is None


@pytest.mark.parametrize("app_id", ["123456", "Iv23liABCdef0123", "Iv1.8a61f9b3a7aba766"])
def test_a_private_key_is_a_pem_or_the_path_of_one(tmp_path: Path, app_id: str) -> None:
    (tmp_path / "app.pem").write_text(KEY, encoding="ascii")
    ways = (KEY, KEY.strip().replace("\n", "\\n"), "app.pem", str(tmp_path / "app.pem"))
    found = [credential(settings(tmp_path, APP_ID=app_id, PRIVATE_KEY=way, TOKEN="ghp_x")) for way in ways]
    assert found == [AppKey(app_id=app_id, private_key=KEY)] * len(ways)
    assert "BEGIN" not in repr(found)


@pytest.mark.parametrize(
    ("given_", "named"),
    [
        ({"APP_ID": "1"}, "MYCELIUM_GITHUB_PRIVATE_KEY"),
        ({"PRIVATE_KEY": KEY}, "MYCELIUM_GITHUB_APP_ID"),
        ({"APP_ID": "my app", "PRIVATE_KEY": KEY}, "MYCELIUM_GITHUB_APP_ID"),
        ({"APP_ID": "1", "PRIVATE_KEY": "missing.pem"}, "MYCELIUM_GITHUB_PRIVATE_KEY"),
        ({"APP_ID": "1", "PRIVATE_KEY": "."}, "MYCELIUM_GITHUB_PRIVATE_KEY"),
        ({"APP_ID": "1", "PRIVATE_KEY": KEY[:-60]}, "MYCELIUM_GITHUB_PRIVATE_KEY"),
        ({"APP_ID": "1", "PRIVATE_KEY": KEY.replace("-----BEGIN RSA PRIVATE KEY-----", "")}, "PRIVATE_KEY"),
        ({"APP_ID": "1", "PRIVATE_KEY": key_pair()[1]}, "MYCELIUM_GITHUB_PRIVATE_KEY"),
    ],
)
def test_what_is_wrong_with_an_app_is_named_and_its_key_never_shown(
    tmp_path: Path, given_: dict[str, str], named: str
) -> None:
    with pytest.raises(MyceliumError) as raised:
        credential(settings(tmp_path, **given_))
    assert named in str(raised.value)
    assert raised.value.__cause__ is None
    assert not [line for line in KEY.splitlines()[1:-1] if line in f"{raised.value}{raised.value.__context__}"]


def test_settings_do_not_show_what_is_secret(tmp_path: Path) -> None:
    shown = repr(settings(tmp_path, TOKEN="ghp_secret", PRIVATE_KEY=KEY))
    assert "ghp_secret" not in shown
    assert "BEGIN" not in shown
