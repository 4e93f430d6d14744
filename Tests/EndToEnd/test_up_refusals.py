"""`brigade up` where it cannot start: one message with the way out, the exit code, within seconds, and nothing removed."""

import contextlib
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from support.runtime import Runtime, create
from support.tools import binary

CODE = "def handler(event, context): return 'kept'\n"


def refused(*arguments, words: tuple[str, ...]) -> str:
    began = time.monotonic()
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=30)
    assert time.monotonic() - began < 10
    assert done.returncode == 2, done
    first, *advice = done.stderr.strip().splitlines()
    assert first.startswith("brigade: ") and done.stderr.count("brigade: ") == 1, done.stderr
    assert advice and all(line.startswith("  ") for line in advice), done.stderr
    for word in words:
        assert word in done.stderr, f"no {word!r} in\n{done.stderr}"
    assert done.stdout == ""
    return done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but what SQLite and the lock keep beside it."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name not in ("up.lock", "state.sqlite-shm", "state.sqlite-wal")
    }


@pytest.fixture
def runtime():
    running = Runtime()
    create(running.client(), "kept", CODE)
    yield running
    running.stop()


@pytest.fixture
def stopped(runtime):
    """Its state folder, with everything in the one file."""
    runtime.process.terminate()
    assert runtime.process.wait(30) in (0, 130)
    with contextlib.closing(sqlite3.connect(runtime.state / "state.sqlite")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return runtime


def still_answers(runtime):
    assert runtime.client().invoke(FunctionName="kept")["Payload"].read() == b'"kept"'


def test_a_port_that_is_in_use(runtime, tmp_path):
    place = runtime.url.removeprefix("http://")
    said = refused("up", "--state", tmp_path / "other", "--listen", place, words=(place, "--listen", "port 0"))
    assert "cannot listen" in said and "Address already in use" in said
    still_answers(runtime)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        refused("up", "--state", tmp_path / "other", "--listen", place, words=(place, "Address already in use"))


def test_a_state_folder_that_another_drains(runtime):
    before = contents(runtime.state)
    refused(
        "up", "--state", runtime.state, "--listen", "127.0.0.1:0",
        words=(f"process {runtime.process.pid}", str(runtime.state), "Stop that one", "--state"),
    )  # fmt: skip
    assert contents(runtime.state) == before
    still_answers(runtime)


def test_the_lock_of_a_process_that_was_killed_binds_nobody(runtime):
    runtime.kill()
    runtime.start()
    still_answers(runtime)


def over(start: int, end: int, byte: bytes):
    def damage(data: bytes) -> bytes:
        first, last = start % len(data), end % len(data) or len(data)
        return data[:first] + byte * (last - first) + data[last:]

    return damage


DAMAGES = {
    "zeros": lambda data: bytes(len(data)),
    "no header": over(0, 100, b"x"),
    "no schema": over(100, 4096, b"\0"),
    "nothing after the first page": over(4096, 0, b"\xff"),
    "the last page": over(-4096, 0, b"A"),
    "half of it": lambda data: data[: len(data) // 2],
    "cut inside a page": lambda data: data[: len(data) // 2 + 100],
    "a text": lambda data: b"not a database\n" * 1000,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_state_file_that_is_damaged(stopped, damage):
    file = stopped.state / "state.sqlite"
    good = file.read_bytes()
    file.write_bytes(damage(good))
    before = contents(stopped.state)
    said = refused(
        "up", "--state", stopped.state, "--listen", "127.0.0.1:0", words=(str(file), "damaged", "move it away", "--state")
    )
    assert "PRAGMA" not in said and "SELECT" not in said
    after = contents(stopped.state)
    was, now = before.pop("state.sqlite"), after.pop("state.sqlite")
    assert after == before
    # To open a file that can be opened changes its first page and the list of its free pages, and nothing else.
    changed = [at for at in range(0, len(was), 4096) if now[at : at + 4096] != was[at : at + 4096]]
    assert len(now) >= len(was) and len(changed) <= 2 and was[-4096:] in now, changed
    # The way out: a copy put back, or the file moved away.
    file.write_bytes(good)
    stopped.start()
    still_answers(stopped)


def test_a_damaged_file_that_is_moved_away_gives_way_to_a_new_one(stopped):
    file = stopped.state / "state.sqlite"
    file.write_bytes(b"x" * 10_000)
    shutil.move(file, stopped.folder / "damaged")
    stopped.start()
    assert all(found["FunctionName"] != "kept" for found in stopped.client().list_functions()["Functions"])
    create(stopped.client(), "kept", CODE)
    still_answers(stopped)


def test_what_a_crash_left_of_a_log_is_passed_over(stopped):
    """SQLite takes of a write-ahead log only what is whole."""
    (stopped.state / "state.sqlite-wal").write_bytes(b"garbage" * 1_000)
    stopped.start()
    still_answers(stopped)


def test_a_state_file_of_a_later_release(stopped):
    file = stopped.state / "state.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("INSERT INTO grdb_migrations VALUES ('of a later release')")
        database.commit()
        before = list(database.iterdump())
    refused("up", "--state", stopped.state, "--listen", "127.0.0.1:0", words=("newer release", "--state"))
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert list(database.iterdump()) == before


def test_a_credentials_file_that_others_can_read(stopped):
    file = stopped.state / "credentials"
    file.chmod(0o644)
    said = refused("up", "--state", stopped.state, "--listen", "127.0.0.1:0", words=(str(file), "0600"))
    assert not any(secret in said for secret in stopped.keys)
    file.write_text("nothing of use\n")
    file.chmod(0o600)
    refused("up", "--state", stopped.state, "--listen", "127.0.0.1:0", words=(str(file), "move it away"))
    assert file.read_text() == "nothing of use\n"
