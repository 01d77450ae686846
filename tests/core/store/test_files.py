"""Files are complete or absent, private, and every disk trouble has its own fault."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.fault import FaultError
from core.store import files as files_module
from core.store.files import Files, disk_fault, free, read, require_new, write_at
from core.store.store import Store

FILES = Files()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code(caught: pytest.ExceptionInfo[FaultError]) -> str:
    return caught.value.fault.code


def test_written_files_and_folders_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        FILES.write(tmp_path / "a" / "b" / "settings.toml", b"x = 1\n")
    finally:
        os.umask(old)
    assert (tmp_path / "a/b/settings.toml").read_bytes() == b"x = 1\n"
    assert mode(tmp_path / "a/b/settings.toml") == 0o600
    assert mode(tmp_path / "a") == mode(tmp_path / "a/b") == 0o700


def test_a_file_that_was_open_to_all_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_bytes(b"old")
    path.chmod(0o644)
    FILES.write(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_before_the_last_step_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "settings.toml"
    FILES.write(path, b"old")

    def crash(*_: object) -> None:
        raise OSError(5, "Input/output error")

    if step == "fsync":
        monkeypatch.setattr(files_module.os, "fsync", crash)
    else:
        monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(FaultError) as caught:
        FILES.write(path, b"new")
    assert code(caught) == "STORE-IO"
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["settings.toml"]


def test_the_new_content_is_synced_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def replace(self: Path, target: Path) -> Path:
        order.append("named")
        return real_replace(self, target)

    monkeypatch.setattr(files_module.os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    FILES.write(tmp_path / "target.bin", b"bytes")
    assert order == ["file", "named", "folder"]


LIMITED = """
import resource, signal, sys
from pathlib import Path
from core.fault import FaultError
from core.store.files import Files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    Files().write(Path(sys.argv[1]), bytes(20_000))
except FaultError as error:
    print(error.fault.code)
"""


def test_a_full_disk_keeps_the_old_file_and_leaves_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "target.bin"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("STORE-FULL", "")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["target.bin"]


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(
        files_module.os, "pwrite", lambda handle, data, at: real(handle, data[:7], at)
    )
    with (tmp_path / "a").open("wb") as file:
        write_at(file.fileno(), bytes(range(100)), 20)
    assert (tmp_path / "a").read_bytes() == bytes(20) + bytes(range(100))


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    for path in (tmp_path / "home" / "settings.toml", tmp_path / "home" / "jobs" / "x"):
        with pytest.raises(FaultError) as caught:
            FILES.write(path, b"x")
        assert code(caught) == "STORE-UNREADABLE"
        assert "disk" not in caught.value.fault.cause


def test_a_folder_that_nobody_can_write() -> None:
    with pytest.raises(FaultError) as caught:
        Store(Path("/proc/wattbench")).jobs.create("test")
    assert code(caught) in ("STORE-DENIED", "STORE-UNREADABLE")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (28, "STORE-FULL"),  # ENOSPC
        (122, "STORE-FULL"),  # EDQUOT
        (27, "STORE-FULL"),  # EFBIG
        (13, "STORE-DENIED"),  # EACCES
        (30, "STORE-DENIED"),  # EROFS
        (2, "STORE-UNREADABLE"),  # ENOENT
        (17, "STORE-UNREADABLE"),  # EEXIST
        (5, "STORE-IO"),  # EIO
    ],
)
def test_each_error_of_the_system_has_its_fault(number: int, expected: str) -> None:
    fault = disk_fault(OSError(number, os.strerror(number)), Path("/data/x")).fault
    assert fault.code == expected
    assert "/data/x" in fault.what and os.strerror(number) in fault.what


def test_read_refuses_what_is_no_plain_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    signal.alarm(10)  # a reader that waits for a writer would never come back
    try:
        for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero"), tmp_path / "absent"):
            with pytest.raises(FaultError) as caught:
                read(path)
            assert code(caught) == "STORE-UNREADABLE"
    finally:
        signal.alarm(0)


def test_read_takes_a_file_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(bytes(100))
    assert read(path, 100) == bytes(100)
    with pytest.raises(FaultError) as caught:
        read(path, 99)
    assert code(caught) == "STORE-UNREADABLE"


FORBIDDEN = """
import os, sys
from pathlib import Path
from core.fault import FaultError
from core.store.files import read
from core.store.store import Store
home = Path(sys.argv[1])
if os.geteuid() == 0:
    home.parent.chmod(0o755)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    read(home / "keys.toml")
except FaultError as error:
    print(error.fault.code, error.fault.cause)
print(Store(home).settings.problem)
"""


def test_no_right_to_read() -> None:
    with tempfile.TemporaryDirectory() as parent:  # pytest's own folders are closed to others
        home = Path(parent) / "home"
        home.mkdir()
        (home / "keys.toml").write_bytes(b"")
        home.chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", FORBIDDEN, home], capture_output=True, text=True
        )
        home.chmod(0o700)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == "STORE-UNREADABLE You have no right to read it."
    assert "settings.toml is not used" in second and "Permission denied" in second


def test_under_sudo_new_files_belong_to_the_caller(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    home = tmp_path / "home"
    store = Store(home, owner=(12345, 12346))
    folder = store.jobs.create("test")
    try:
        store.files.write(home / "a" / "b", b"x")
        made = [home, *home.rglob("*")]
        assert {(p.stat().st_uid, p.stat().st_gid) for p in made} == {(12345, 12346)}
        assert home / "jobs" / folder.id / "journal.jsonl" in made
    finally:
        folder.close()


def test_a_copy_is_never_written_over_another_file(tmp_path: Path) -> None:
    old = tmp_path / "plug.bin"
    old.write_bytes(b"precious")
    for path, code in ((old, "STORE-EXISTS"), (tmp_path, "STORE-EXISTS"),
                       (tmp_path / "no" / "plug.bin", "STORE-UNREADABLE")):  # fmt: skip
        with pytest.raises(FaultError) as caught:
            require_new(path)
        assert caught.value.fault.code == code
    require_new(tmp_path / "new.bin")
    assert old.read_bytes() == b"precious"


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    assert free(tmp_path / "a.b.bin").name == "a.b.bin"
    for name in ("a.b.bin", "a.b-2.bin"):
        (tmp_path / name).touch()
    assert free(tmp_path / "a.b.bin").name == "a.b-3.bin"
