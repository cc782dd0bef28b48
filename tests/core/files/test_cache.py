"""Contents by their hashes: there whole or not at all, and there while somebody holds them."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import FileUnavailable
from groundswell.files.cache import FileCache
from groundswell.files.stamp import FileStamp

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.files.content import Hold


def stamped(data: bytes) -> FileStamp:
    return FileStamp(hashlib.sha256(data).hexdigest(), len(data))


def put(cache: FileCache, data: bytes) -> FileStamp:
    incoming = cache.incoming(stamp := stamped(data))
    assert incoming is not None
    with incoming:
        incoming.write(data[:3])
        incoming.write(data[3:])
        incoming.finish()
    return stamp


def held(cache: FileCache, stamp: FileStamp) -> Hold:
    hold = cache.hold(stamp)
    assert hold is not None
    return hold


def content(cache: FileCache, stamp: FileStamp) -> bytes:
    with held(cache, stamp) as hold:
        return hold.path.read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_content_is_found_by_its_hash_and_nothing_else_is_left(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "files")
    stamp = stamped(b"some content")
    assert not cache.has(stamp)
    assert cache.hold(stamp) is None
    put(cache, b"some content")
    assert cache.has(stamp)
    assert content(cache, stamp) == b"some content"
    assert names(tmp_path / "files") == [stamp.sha256]
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


def test_an_empty_file_is_a_content_too(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    assert content(cache, put(cache, b"")) == b""


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"another one!", "is not the content"), (b"less", "is not the content")],
)
def test_what_is_not_the_announced_content_is_refused_and_gone(
    tmp_path: Path, data: bytes, said: str
) -> None:
    cache = FileCache(tmp_path)
    stamp = stamped(b"some content")
    incoming = cache.incoming(stamp)
    assert incoming is not None
    with incoming:
        incoming.write(data)
        with pytest.raises(FileUnavailable, match=said):
            incoming.finish()
    assert names(tmp_path) == []


def test_more_than_was_announced_is_refused_before_it_is_written(tmp_path: Path) -> None:
    incoming = FileCache(tmp_path).incoming(stamped(b"four"))
    assert incoming is not None
    with incoming, pytest.raises(FileUnavailable, match="than its 4 bytes"):
        incoming.write(b"five!")
    assert names(tmp_path) == []


def test_one_process_writes_and_the_others_wait(tmp_path: Path) -> None:
    stamp = stamped(b"x" * 10)
    first = FileCache(tmp_path).incoming(stamp)
    assert first is not None
    assert FileCache(tmp_path).incoming(stamp) is None
    first.close()
    second = FileCache(tmp_path).incoming(stamp)
    assert second is not None
    second.close()


def test_what_another_has_just_written_is_not_written_again(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    stamp = put(cache, b"some content")
    assert cache.incoming(stamp) is None
    assert names(tmp_path) == [stamp.sha256]


def test_what_a_killed_writer_left_is_taken_over(tmp_path: Path) -> None:
    stamp = stamped(b"0123456789")
    program = f"""
import os, signal
from pathlib import Path
from groundswell.files.cache import FileCache
from groundswell.files.stamp import FileStamp
incoming = FileCache(Path({str(tmp_path)!r})).incoming(FileStamp({stamp.sha256!r}, 10))
incoming.write(b"01234")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert names(tmp_path) == [f".{stamp.sha256}.part"]
    cache = FileCache(tmp_path)
    put(cache, b"0123456789")
    assert content(cache, stamp) == b"0123456789"


def test_the_longest_unused_content_makes_room(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, limit=25)
    first, second = put(cache, b"a" * 10), put(cache, b"b" * 10)
    for age, stamp in ((100, first), (50, second)):
        os.utime(tmp_path / stamp.sha256, (age, age))
    # Somebody needs it, if only for a moment.
    held(cache, first).close()
    third = put(cache, b"c" * 10)
    assert [cache.has(one) for one in (first, second, third)] == [True, False, True]


def test_what_is_held_stays_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, limit=25)
    holds = [held(cache, put(cache, letter * 10)) for letter in (b"a", b"b")]
    with pytest.raises(FileUnavailable, match="do not fit") as refused:
        FileCache(tmp_path, limit=25).incoming(stamped(b"c" * 10))
    assert refused.value.hint == "wait for a run to end"
    holds[0].close()
    put(cache, b"c" * 10)
    with holds[1]:
        assert holds[1].path.read_bytes() == b"b" * 10


def _almost_full(_: object) -> tuple[int, int, int]:
    return 100, 91, 9


def test_a_full_disk_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.files.cache.shutil.disk_usage", _almost_full)
    with pytest.raises(FileUnavailable, match="No space left on device") as refused:
        FileCache(tmp_path).incoming(stamped(b"c" * 10))
    assert "GROUNDSWELL_HOME" in str(refused.value.hint)
    assert names(tmp_path) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    incoming = FileCache(tmp_path).incoming(stamped(b"c" * 10))
    assert incoming is not None
    monkeypatch.setattr("groundswell.files.content.os.write", full)
    with incoming, pytest.raises(FileUnavailable, match="No space left"):
        incoming.write(b"c" * 10)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_has_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileUnavailable, match="cannot keep files in") as refused:
        FileCache(tmp_path / "file" / "files").incoming(stamped(b"x"))
    assert "GROUNDSWELL_HOME" in str(refused.value.hint)


def test_a_lent_file_is_read_where_it_is(tmp_path: Path) -> None:
    cache, own = FileCache(tmp_path / "files"), tmp_path / "users.csv"
    own.write_bytes(b"email\na@b\n")
    stamp = FileStamp.of(own)
    cache.lend(stamp, own)
    with held(cache, stamp) as hold:
        assert hold.path.samefile(own)
    # Twice is as good as once.
    cache.lend(stamp, own)
    assert cache.has(stamp)


def test_a_lent_file_that_changed_is_not_the_content_any_more(tmp_path: Path) -> None:
    cache, own = FileCache(tmp_path / "files"), tmp_path / "users.csv"
    own.write_bytes(b"email\na@b\n")
    stamp = FileStamp.of(own)
    cache.lend(stamp, own)
    before = own.stat()
    own.write_bytes(b"email\nb@a\n")
    assert not cache.has(stamp)
    # Whoever sets the clock back is found out by the hash.
    os.utime(own, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.has(stamp)
    assert cache.hold(stamp) is None
    assert names(tmp_path / "files") == []


def test_a_lent_file_is_never_removed_to_make_room(tmp_path: Path) -> None:
    cache, own = FileCache(tmp_path / "files", limit=10), tmp_path / "users.csv"
    own.write_bytes(b"x" * 1000)
    cache.lend(FileStamp.of(own), own)
    put(cache, b"a" * 10)
    put(cache, b"b" * 10)
    assert own.stat().st_size == 1000
    own.unlink()
    put(cache, b"c" * 10)
    assert len(names(tmp_path / "files")) == 1
