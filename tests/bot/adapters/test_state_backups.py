# small files of the test's own
"""What is in a backup, at which moment, and what becomes of one that cannot be made."""

import asyncio
import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.state_backups import ROOM, StateBackups, extract, is_recreated, read_manifest
from bot.adapters.system_clock import SystemClock
from bot.authority.audit_watch import load_heads
from bot.domain.errors import StoreError
from tests.fakes.repositories import run_git
from tests.support.state_folders import make_backup, make_state_folder, read_files

MUCH = 10**12


def _extracted(file: Path, into: Path) -> dict[str, bytes | None]:
    into.mkdir()
    extract(file, into, room=MUCH)
    return read_files(into)


async def test_the_state_is_in_it_and_nothing_that_is_made_anew(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path, stopped=True)
    before = read_files(state)
    file = await make_backup(state, state / "backups")
    kept = _extracted(file, tmp_path / "out")
    files = {name for name, content in kept.items() if content is not None}
    assert {name for name in files if not name.startswith("forge.git/")} == {
        "STOP", "audit.head", "audit.key", "audit.next", "forge.sqlite3",
        "journal/2026-11-21.ndjson", "polls.json", "pseudonyms.key", "reminders.sqlite3",
        "theseus.sqlite3",
    }  # fmt: skip
    for name in ("polls.json", "pseudonyms.key", "journal/2026-11-21.ndjson", "STOP"):
        assert kept[name] == before[name]
    assert run_git(tmp_path / "out/forge.git", "fsck") == ""
    assert run_git(tmp_path / "out/forge.git", "rev-parse", "main") == run_git(
        state / "forge.git", "rev-parse", "main"
    )
    after = read_files(state)
    after.pop(f"backups/{file.name}")
    assert {name for name, content in after.items() if before.get(name, b"") != content} == set()


async def test_its_owner_alone_may_read_it_and_plain_tar_too(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    file = await make_backup(state, tmp_path / "elsewhere")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]
    with tarfile.open(file) as archive:
        assert archive.getnames()[0] == "manifest.json"
        assert all(name.startswith("state/") for name in archive.getnames()[1:])


async def test_it_says_what_it_holds_and_what_not(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    (state / "link").symlink_to("/etc/passwd")
    os.mkfifo(state / "pipe")
    (state / "notes.txt").symlink_to(state / "polls.json")
    manifest = read_manifest(await make_backup(state, state / "backups"))
    assert manifest.commit == "f00d" * 10
    assert manifest.audit is not None
    assert manifest.audit.number == manifest.count_rows("audit_log") == 20
    assert manifest.count_rows("runs") == 1
    assert manifest.count_rows("reminders") == 1
    store = next(each for each in manifest.files if each.name == "theseus.sqlite3")
    assert store.migrations[0] == "0001_runs_and_stage_records"
    told = {each.name: each.why for each in manifest.left_out if not is_recreated(each)}
    assert told == {
        "link": "a link",
        "notes.txt": "a link",
        "pipe": "not a file",
        "github-app.pem": "a secret: keep it where your other secrets are",
    }


async def test_a_backup_beside_the_state_or_in_it_does_not_hold_earlier_ones(
    tmp_path: Path,
) -> None:
    state = await make_state_folder(tmp_path)
    for folder in (state / "backups", state, state / "own", state / "own"):
        file = await make_backup(state, folder)
    assert not [each for each in read_manifest(file).files if each.name.endswith(".gz")]


async def test_a_stop_that_is_no_file_is_kept_as_one(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    (state / "STOP").mkdir()
    assert _extracted(await make_backup(state, tmp_path / "to"), tmp_path / "out")["STOP"] == b""


async def test_a_cogs_damaged_database_is_left_out_and_told_ours_ends_it(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    _damage(state / "reminders.sqlite3")
    manifest = read_manifest(await make_backup(state, tmp_path / "to"))
    (left,) = [each for each in manifest.left_out if each.name == "reminders.sqlite3"]
    assert "malformed" in left.why or "damaged" in left.why
    _damage(state / "theseus.sqlite3")
    with pytest.raises(StoreError, match=r"theseus\.sqlite3"):
        await make_backup(state, tmp_path / "to")
    (state / "theseus.sqlite3").write_bytes(os.urandom(20_000))
    with pytest.raises(StoreError, match="theseus restore FILE"):
        await make_backup(state, tmp_path / "to")
    assert len(list((tmp_path / "to").iterdir())) == 1


def _damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(bytes(content))


# ------------------------------------------------------------------------- while everything goes on


@contextmanager
def _writing(state: Path) -> Iterator[Callable[[int], None]]:
    """Have another process write audit entries and their outcomes until the block ends.

    Yield a function that waits until there is an entry after the given number.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.state_writer", str(state)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    numbers = map(int, child.stdout)

    def written_after(last: int) -> None:
        assert any(number > last for number in numbers)

    try:
        written_after(0)
        yield written_after
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()


async def test_while_another_process_writes_each_backup_is_one_moment(tmp_path: Path) -> None:
    """The audit log's ends are noted in the journal: none may be of an entry that is not there."""
    state = await make_state_folder(tmp_path)
    rows, lines = [], []
    with _writing(state) as written_after:
        for number in range(3):
            file = await make_backup(state, tmp_path / "to")
            out = tmp_path / f"out-{number}"
            _extracted(file, out)
            async with NdjsonJournal(out, redact=redact) as journal:
                heads = await load_heads(journal)
            async with SqliteStore(out / "theseus.sqlite3") as store:
                state_of_log = await store.verify_audit_log(heads)
            assert state_of_log.broken is None
            assert heads
            assert heads[-1].number >= state_of_log.last - 1
            rows.append(read_manifest(file).count_rows("audit_log"))
            lines.append((out / "journal/2026-11-21.ndjson").stat().st_size)
            assert (out / "journal/2026-11-21.ndjson").read_bytes()[-1:] == b"\n"
            await asyncio.to_thread(written_after, rows[-1])
    assert rows == sorted(set(rows))
    assert lines == sorted(set(lines))


async def test_what_is_erased_while_it_is_copied_is_copied_anew(tmp_path: Path) -> None:
    """A record that is overwritten in place between digest and copy would not match."""
    state = await make_state_folder(tmp_path)
    day = state / "journal/2026-11-21.ndjson"
    looks = 0

    def erasing(folder: Path) -> int:
        nonlocal looks
        looks += 1
        return MUCH

    store = StateBackups(state, tmp_path / "to", SystemClock(), free=erasing)
    asked = 0

    def told(done: int, total: int) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            content = day.read_bytes()
            day.write_bytes(b" " * (len(content) - 1) + b"\n")

    made = await store.take(on_progress=told)
    assert _extracted(made.file, tmp_path / "out")["journal/2026-11-21.ndjson"] == day.read_bytes()
    assert looks >= 2


# ------------------------------------------------------------------------------ what cannot be made


async def test_where_there_is_no_room_nothing_is_left_behind(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    store = StateBackups(state, tmp_path / "to", SystemClock(), free=lambda folder: ROOM)
    with pytest.raises(StoreError, match=r"not enough space .* set backup\.folder"):
        await store.take()
    assert list((tmp_path / "to").iterdir()) == []
    assert await store.list_backups() == ()


async def test_a_full_disk_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    (state / "polls.json").write_bytes(os.urandom(2_000_000))
    left = iter([MUCH])
    store = StateBackups(state, tmp_path / "to", SystemClock(), free=lambda folder: next(left, 0))
    with pytest.raises(StoreError, match="not enough space"):
        await store.take()
    assert list((tmp_path / "to").iterdir()) == []


async def test_a_cancelled_backup_ends_and_leaves_nothing_behind(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def told(done: int, total: int) -> None:
        begun.set()
        go_on.wait(20)

    store = StateBackups(state, tmp_path / "to", SystemClock())
    taking = asyncio.create_task(store.take(on_progress=told))
    await asyncio.to_thread(begun.wait, 20)
    taking.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert list((tmp_path / "to").iterdir()) == []


async def test_a_second_one_meanwhile_is_refused(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    store = StateBackups(state, tmp_path / "to", SystemClock())
    refused: list[StoreError] = []

    def told(done: int, total: int) -> None:
        if not refused:
            try:
                asyncio.run(make_backup(state, tmp_path / "to"))
            except StoreError as error:
                refused.append(error)

    await store.take(on_progress=told)
    assert "Another backup" in str(refused[0])
    assert len(await store.list_backups()) == 1


async def test_what_a_killed_backup_left_is_not_listed_and_goes_with_the_next(
    tmp_path: Path,
) -> None:
    state = await make_state_folder(tmp_path)
    kill = (
        "import asyncio, os, signal, sys; from pathlib import Path\n"
        "from bot.adapters.state_backups import StateBackups\n"
        "from bot.adapters.system_clock import SystemClock\n"
        "store = StateBackups(Path(sys.argv[1]), Path(sys.argv[2]), SystemClock())\n"
        "told = lambda done, total: os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(store.take(on_progress=told))\n"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", kill, state, tmp_path / "to")
    assert await child.wait() == -9
    assert len(list((tmp_path / "to").iterdir())) == 3
    store = StateBackups(state, tmp_path / "to", SystemClock())
    assert await store.list_backups() == ()
    made = await store.take()
    assert list((tmp_path / "to").iterdir()) == [made.file]


async def test_a_database_that_is_held_for_long_is_named(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    with contextlib.closing(sqlite3.connect(state / "reminders.sqlite3")) as cog:
        cog.execute("BEGIN IMMEDIATE")  # a cog may: it is copied as it was before
        cog.execute("INSERT INTO reminders VALUES ('not yet')")
        manifest = read_manifest(await make_backup(state, tmp_path / "to"))
    assert manifest.count_rows("reminders") == 1


def test_digits_that_are_no_time_are_no_backup(tmp_path: Path) -> None:
    (tmp_path / "theseus-20269999T990000Z.tar.gz").touch()
    (tmp_path / "theseus-20261121T033000Z.tar.gz.partial").touch()
    (tmp_path / "theseus-20261121T033000Z.tar.gz").mkdir()
    store = StateBackups(tmp_path / "state", tmp_path, SystemClock())
    assert asyncio.run(store.list_backups()) == ()
