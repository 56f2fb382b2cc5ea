"""What every blob store does, and what the one in a folder does about damage and half-written files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from orchestrator.errors import NotFound, SetupError
from orchestrator.lifecycle.ports import Blobs
from orchestrator.store.blobs import FolderBlobs
from tests.fakes.blobs import MemoryBlobs

CONTENT = b"bytes \x00 and \xff more"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["memory", "folder"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return MemoryBlobs() if request.param == "memory" else FolderBlobs(tmp_path / "home" / "blobs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class TestContract:
    def test_bytes_come_back_by_their_sha256(self, blobs: Blobs) -> None:
        assert blobs.put(CONTENT) == DIGEST
        assert blobs.get(DIGEST) == CONTENT
        assert blobs.has(DIGEST)

    @pytest.mark.parametrize("content", [b"", b"x" * 3_000_000])
    def test_a_file_is_stored_like_its_bytes(self, blobs: Blobs, tmp_path: Path, content: bytes) -> None:
        source = tmp_path / "source.bin"
        source.write_bytes(content)
        assert blobs.put(source) == blobs.put(content) == hashlib.sha256(content).hexdigest()
        assert blobs.get(hashlib.sha256(content).hexdigest()) == content
        assert source.read_bytes() == content

    def test_the_same_bytes_twice_are_one_blob(self, blobs: Blobs) -> None:
        assert blobs.put(CONTENT) == blobs.put(CONTENT)
        blobs.delete(DIGEST)
        assert not blobs.has(DIGEST)

    def test_a_deleted_blob_is_gone_and_may_be_deleted_again(self, blobs: Blobs) -> None:
        blobs.put(CONTENT)
        blobs.delete(DIGEST)
        blobs.delete(DIGEST)
        with pytest.raises(NotFound):
            blobs.get(DIGEST)

    @pytest.mark.parametrize("digest", ["0" * 64, "", "ab", "../../etc/passwd", "/etc/passwd", DIGEST.upper()])
    def test_an_unknown_digest_is_not_found(self, blobs: Blobs, digest: str) -> None:
        blobs.put(CONTENT)
        assert not blobs.has(digest)
        blobs.delete(digest)
        with pytest.raises(NotFound):
            blobs.get(digest)

    def test_a_missing_file_is_an_error_of_its_own(self, blobs: Blobs, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            blobs.put(tmp_path / "missing")


class TestFolder:
    def test_a_blob_lies_under_its_digest_and_nothing_else_remains(self, folder: Path) -> None:
        FolderBlobs(folder).put(CONTENT)
        assert files(folder) == [f"{DIGEST[:2]}/{DIGEST[2:]}"]

    def test_a_failed_write_leaves_nothing_behind(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("orchestrator.store.blobs.os.fsync", full)
        with pytest.raises(SetupError, match="disk is full"):
            FolderBlobs(folder).put(CONTENT)
        assert files(folder) == []

    def test_damage_is_noticed(self, folder: Path) -> None:
        blobs = FolderBlobs(folder)
        blobs.put(CONTENT)
        (folder / DIGEST[:2] / DIGEST[2:]).write_bytes(b"something else")
        with pytest.raises(SetupError, match="damaged"):
            blobs.get(DIGEST)

    def test_a_folder_that_cannot_be_made_is_a_setup_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(SetupError, match="file"):
            FolderBlobs(tmp_path / "file").put(CONTENT)
