"""What every blob store does, and what the one in a folder does about damage and half-written files."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, make_url, select, update

from orchestrator.errors import NotFound, SetupError
from orchestrator.lifecycle.ports import Blobs
from orchestrator.store.blobs import FolderBlobs
from orchestrator.store.engine import WRITE, build_engine
from orchestrator.store.shared_blobs import CHUNK_BYTES, PostgresBlobs
from orchestrator.store.shared_tables import blob_chunks
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.postgres import PostgresDatabases

CONTENT = b"bytes \x00 and \xff more"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["memory", "folder", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "postgresql":
        return PostgresBlobs(request.getfixturevalue("engine"), "the database")
    return MemoryBlobs() if request.param == "memory" else FolderBlobs(tmp_path / "home" / "blobs")


@pytest.fixture
def engine(postgres_databases: PostgresDatabases) -> Iterator[Engine]:
    built = build_engine(make_url(postgres_databases.emptied()))
    yield built
    built.dispose()


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


@pytest.mark.xdist_group("postgresql")
class TestRows:
    @pytest.fixture
    def rows(self, engine: Engine) -> PostgresBlobs:
        return PostgresBlobs(engine, "the database")

    def test_a_large_file_passes_through_little_memory(
        self, rows: PostgresBlobs, engine: Engine, tmp_path: Path
    ) -> None:
        large = tmp_path / "large.bin"
        large.write_bytes(bytes(range(256)) * 64 * 1024)
        tracemalloc.start()
        digest = rows.put(large)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * CHUNK_BYTES
        assert rows.get(digest) == large.read_bytes()
        with engine.connect() as connection:
            longest, count = connection.execute(select(func.max(func.length(blob_chunks.c.data)), func.count())).one()
        assert (longest, count) == (CHUNK_BYTES, large.stat().st_size // CHUNK_BYTES)

    def test_a_failed_write_leaves_nothing_behind(
        self, rows: PostgresBlobs, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr("orchestrator.store.shared_blobs._insert", broken)
            with pytest.raises(OSError, match="Input/output"):
                rows.put(CONTENT)
        assert not rows.has(DIGEST)
        assert rows.put(CONTENT) == DIGEST
        assert rows.get(DIGEST) == CONTENT

    def test_damage_is_noticed(self, rows: PostgresBlobs, engine: Engine) -> None:
        rows.put(CONTENT)
        with engine.execution_options(**WRITE).begin() as connection:
            connection.execute(update(blob_chunks).values(data=b"something else"))
        with pytest.raises(SetupError, match="damaged"):
            rows.get(DIGEST)

    def test_many_may_store_the_same_bytes_at_once(self, rows: PostgresBlobs, engine: Engine) -> None:
        content = b"x" * (3 * CHUNK_BYTES)
        stored: list[str] = []
        threads = [threading.Thread(target=lambda: stored.append(rows.put(content))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(stored)) == 1
        assert len(stored) == 4
        assert rows.get(stored[0]) == content
