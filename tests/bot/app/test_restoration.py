# small files of the test's own
"""Restoring: what comes back, what stays, what is refused, and the state after a kill."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import stat
import tarfile
from multiprocessing import get_context
from pathlib import Path

import pytest

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.forges.local import LocalForge
from bot.adapters.sqlite_store import SqliteKeyValueStore, SqliteStore
from bot.adapters.state_backups import list_backups
from bot.adapters.state_backups._databases import read_facts
from bot.adapters.system_clock import SystemClock
from bot.app.restoration import Restoration
from bot.app.schemas import KNOWN_MIGRATIONS
from bot.app.state_lock import hold
from bot.domain.audit import RESTORED
from bot.domain.errors import ConfigError
from bot.domain.message_cursors import CURSORS, MARK, Cursor, HandledMark
from bot.domain.migrations import MIGRATION_SOURCES
from bot.domain.stop import Stop
from bot.infra.schema_versions import parse_migrations
from tests.bot.adapters.test_backup_attacks import members_of, named, written
from tests.bot.presentation.test_cards import RUN
from tests.fakes.fake_clock import START
from tests.support.state_folders import make_backup, make_entry, make_state_folder, read_files

ROOT = Path(__file__).resolve().parents[3]


def _around(state: Path) -> set[str]:
    """Return what lies beside a state folder and is called after it."""
    return {path.name for path in state.parent.iterdir() if path.name.startswith(f"{state.name}.")}


async def _runs(state: Path) -> list[str]:
    async with SqliteStore(state / "theseus.sqlite3") as store:
        return [run.id for run in await store.find(limit=10)]


async def _emptied(state: Path) -> None:
    """Have the state changed after a backup."""
    (state / "polls.json").write_text("broken")
    async with SqliteStore(state / "theseus.sqlite3") as store:
        await store.create(RUN.replace(id="newer1", trigger=RUN.trigger.replace(key="message:6")))
        await store.append_audit_entry(make_entry(99))


async def test_what_was_backed_up_comes_back_and_what_was_there_is_kept(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    file = await make_backup(state, state / "backups")
    await _emptied(state)
    there = read_files(state)
    report = await Restoration(file, state).restore()
    assert await _runs(state) == [RUN.id]
    assert (state / "polls.json").read_text() == '{"open": []}'
    assert report.restored
    assert report.old_state is not None
    assert _around(state) == {report.old_state.name}
    left = read_files(report.old_state)
    assert {name: left[name] for name in left} == {
        name: content for name, content in there.items() if not name.startswith("backups")
    }
    assert [each.file.name for each in list_backups(state / "backups")] == [file.name]
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    async with LocalForge(state / "forge.git", state / "forge.sqlite3", SystemClock()):
        pass


async def test_the_audit_log_holds_and_goes_on_with_who_restored_it(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    file = await make_backup(state, tmp_path / "to")
    await _emptied(state)
    await Restoration(file, state).restore()
    async with SqliteStore(state / "theseus.sqlite3") as store:
        (newest, *_) = await store.list_audit_entries(limit=1)
        assert newest.action == RESTORED
        assert file.name in newest.note
        assert (await store.verify_audit_log()).broken is None
        assert (await store.verify_audit_log()).last == 21


async def test_on_a_new_machine_there_is_nothing_to_keep(tmp_path: Path) -> None:
    file = await make_backup(await make_state_folder(tmp_path / "old"), tmp_path / "to")
    state = tmp_path / "new/data/state"
    report = await Restoration(file, state).restore()
    assert report.old_state is None
    assert _around(state) == set()
    assert await _runs(state) == [RUN.id]


async def test_a_look_changes_nothing(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    file = await make_backup(state, tmp_path / "to")
    there = read_files(tmp_path)
    with hold(state):  # while the bot runs
        report = await Restoration(file, state).verify()
    assert not report.restored
    assert report.audit.last == 20
    assert read_files(tmp_path) == there


async def test_while_a_bot_runs_it_is_refused(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path)
    file = await make_backup(state, tmp_path / "to")
    there = read_files(tmp_path)
    with hold(state), pytest.raises(ConfigError, match="Stop it first"):
        await Restoration(file, state).restore()
    assert read_files(tmp_path) == there


async def test_a_stop_that_stands_stands_on_and_keys_no_backup_has_are_kept(
    tmp_path: Path,
) -> None:
    state = await make_state_folder(tmp_path)
    file = await make_backup(state, tmp_path / "to")
    stop = Stop(how="command line", at=START, why="too hot")
    await FileKillSwitch(state / "STOP").pull(stop)
    report = await Restoration(file, state).restore()
    assert await FileKillSwitch(state / "STOP").get_stop() == stop
    assert report.stopped
    assert report.carried == ("github-app.pem", "STOP")
    assert (state / "github-app.pem").read_text() == "a key of GitHub's"


async def test_a_stop_of_the_backup_stands_too(tmp_path: Path) -> None:
    state = await make_state_folder(tmp_path, stopped=True)
    file = await make_backup(state, tmp_path / "to")
    await FileKillSwitch(state / "STOP").lift()
    assert (await Restoration(file, state).restore()).stopped
    assert await FileKillSwitch(state / "STOP").get_stop() is not None


# --------------------------------------------------------------------------------- what is refused


def _changed(archive: Path, to: Path, *sql: str) -> Path:
    """Return the archive with its store changed, and a manifest that fits."""
    members = members_of(archive)
    manifest = json.loads(members[0][1])
    store = to.with_suffix(".sqlite3")
    at = next(n for n, (each, _) in enumerate(members) if each.name == "state/theseus.sqlite3")
    store.write_bytes(members[at][1])
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        for statement in sql:
            connection.execute(statement)
    content = store.read_bytes()
    members[at] = (members[at][0], content)
    known = next(each for each in manifest["files"] if each["name"] == "theseus.sqlite3")
    _fit(known, store, content)
    members[0] = (members[0][0], json.dumps(manifest).encode())
    return written(to, members)


def _fit(known: dict[str, object], store: Path, content: bytes) -> None:
    facts = read_facts(store)
    known.update(named("theseus.sqlite3", content), rows=facts.rows, migrations=facts.migrations)


BREAKS = {
    "cut": "DELETE FROM audit_log WHERE number > 15",
    "an entry gone": "DELETE FROM audit_log WHERE number = 7",
    "an entry changed": "UPDATE audit_log SET body = replace(body, 'asked', 'approved')",
    "a note changed": "UPDATE audit_notes SET text = 'number 8' WHERE number = 7",
    "a note moved": "UPDATE audit_notes SET number = 99 WHERE number = 7",
}


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    return await make_state_folder(tmp_path)


def _without_triggers(archive: Path) -> list[str]:
    store = archive.with_suffix(".look")
    with tarfile.open(archive) as opened:
        read = opened.extractfile("state/theseus.sqlite3")
        assert read is not None
        store.write_bytes(read.read())
    with contextlib.closing(sqlite3.connect(store)) as connection:
        named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return [f"DROP TRIGGER {name}" for (name,) in named.fetchall()]


@pytest.mark.parametrize("kind", BREAKS)
async def test_a_log_that_does_not_hold_is_refused_unless_somebody_says_so(
    kind: str, state: Path, tmp_path: Path
) -> None:
    archive = await make_backup(state, tmp_path / "to")
    changed = _changed(archive, tmp_path / "x.tar.gz", *_without_triggers(archive), BREAKS[kind])
    there = read_files(state)
    with pytest.raises(ConfigError, match="--broken-audit"):
        await Restoration(changed, state).restore()
    assert read_files(state) == there
    assert _around(state) == set()
    report = await Restoration(changed, state).restore(broken_audit=True)
    assert report.audit.broken is not None
    async with SqliteStore(state / "theseus.sqlite3") as store:
        assert (await store.verify_audit_log()).broken is not None


async def test_a_schema_of_a_newer_version_is_refused_with_the_way_out(
    state: Path, tmp_path: Path
) -> None:
    newer = "INSERT INTO schema_migrations (name) VALUES ('9999_time_travel')"
    changed = _changed(await make_backup(state, tmp_path / "to"), tmp_path / "x.tar.gz", newer)
    there = read_files(state)
    with pytest.raises(ConfigError, match=r"9999_time_travel.* Update Theseus"):
        await Restoration(changed, state).restore()
    assert read_files(state) == there


async def test_a_forge_that_lacks_a_commit_is_refused(state: Path, tmp_path: Path) -> None:
    archive = await make_backup(state, tmp_path / "to")
    members = members_of(archive)
    objects = [at for at, (each, _) in enumerate(members) if "/objects/" in each.name]
    manifest = json.loads(members[0][1])
    gone = {members[at][0].name for at in objects}
    manifest["files"] = [each for each in manifest["files"] if f"state/{each['name']}" not in gone]
    kept = [each for at, each in enumerate(members) if at not in objects]
    kept[0] = (members[0][0], json.dumps(manifest).encode())
    with pytest.raises(ConfigError, match=r"forge\.git is not whole"):
        await Restoration(written(tmp_path / "x.tar.gz", kept), state).restore()


async def test_without_room_nothing_is_left_behind(state: Path, tmp_path: Path) -> None:
    file = await make_backup(state, tmp_path / "to")
    with pytest.raises(ConfigError, match="MB are available"):
        await Restoration(file, state, free=lambda folder: 1_000).restore()
    assert _around(state) == set()


async def _hears(state: Path, mark: int, *cursors: Cursor) -> None:
    async with SqliteKeyValueStore(state / "theseus.sqlite3") as store:
        await store.put(MARK, HandledMark(message_id=mark))
        for cursor in cursors:
            await store.put(f"{CURSORS}{cursor.channel_id}", cursor)


async def _heard(state: Path) -> tuple[HandledMark | None, dict[int, int]]:
    async with SqliteKeyValueStore(state / "theseus.sqlite3") as store:
        cursors = await store.list_records(CURSORS, Cursor)
        mark = await store.get(MARK, HandledMark)
        return mark, {each.channel_id: each.message_id for each in cursors}


async def test_what_was_answered_since_is_not_answered_again(state: Path, tmp_path: Path) -> None:
    direct = Cursor(channel_id=2, message_id=15, person_id=7)
    await _hears(state, 10, Cursor(channel_id=1, message_id=12), direct)
    file = await make_backup(state, tmp_path / "to")
    await _hears(state, 30, Cursor(channel_id=1, message_id=44), Cursor(channel_id=3, message_id=5))
    await Restoration(file, state).restore()
    assert await _heard(state) == (HandledMark(message_id=30), {1: 44, 2: 15, 3: 5})


@pytest.mark.parametrize("damaged", [False, True])
async def test_where_nobody_knows_what_was_answered_it_begins_with_what_is_new(
    state: Path, tmp_path: Path, *, damaged: bool
) -> None:
    await _hears(state, 10, Cursor(channel_id=2, message_id=15, person_id=7))
    file = await make_backup(state, tmp_path / "to")
    if damaged:
        (state / "theseus.sqlite3").write_bytes(b"SQLite format 3\0" + b"x" * 5_000)
    else:
        state = tmp_path / "new/state"
    await Restoration(file, state).restore()
    assert await _heard(state) == (None, {2: 15})


async def test_a_mount_point_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a mount point, which cannot be replaced"):
        await Restoration(tmp_path / "none.tar.gz", Path("/proc")).restore()


async def test_a_state_that_a_link_leads_to_is_restored_behind_it(
    state: Path, tmp_path: Path
) -> None:
    file = await make_backup(state, tmp_path / "to")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/state").symlink_to(state)
    report = await Restoration(file, tmp_path / "links/state").restore()
    assert report.old_state is not None
    assert await _runs(tmp_path / "links/state") == [RUN.id]


def test_every_migration_in_the_sources_is_known() -> None:
    """Also of a database that is added tomorrow; else no backup that has it would be restored."""
    sources = [path for path in (ROOT / "bot").rglob("*.py") if "Migration(" in path.read_text()]
    spelt = {name for path in sources for name in parse_migrations(path.read_text("utf-8"))}
    journal = (ROOT / "bot/adapters/ndjson_journal/_index.py").read_text("utf-8")
    assert spelt - set(parse_migrations(journal)) == KNOWN_MIGRATIONS
    folders = tuple(str(ROOT / each) for each in MIGRATION_SOURCES)
    assert [path for path in sources if not str(path).startswith(folders)] == []


# ------------------------------------------------------------------------------------------- killed


def _killed(file: Path, state: Path, at: str) -> None:
    """Restore in a process of its own that is killed at a step; wait for its end."""

    def step(name: str) -> None:
        if name == at:
            os.kill(os.getpid(), signal.SIGKILL)

    child = get_context("fork").Process(
        target=lambda: asyncio.run(Restoration(file, state, step=step).restore())
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


BEFORE = ("extracted", "verified", "noted", "ready")
AFTER = ("exchanged", "backups moved", "old state named")


# The two beside the one step that counts, and with all of them.
EACH = [
    pytest.param(each, marks=() if each in ("ready", "exchanged") else pytest.mark.slow)
    for each in (*BEFORE, *AFTER)
]


@pytest.mark.parametrize("at", EACH)
def test_killed_at_any_step_it_is_the_old_state_or_the_new_one_whole(
    at: str, tmp_path: Path
) -> None:
    state = asyncio.run(make_state_folder(tmp_path))
    file = asyncio.run(make_backup(state, state / "backups"))
    asyncio.run(_emptied(state))
    there = read_files(state)
    _killed(file, state, at)
    if at in BEFORE:
        assert read_files(state) == there
    else:
        assert (state / "polls.json").read_text() == '{"open": []}'
    with hold(state):  # the next start
        pass
    runs = ["newer1", RUN.id] if at in BEFORE else [RUN.id]
    assert sorted(asyncio.run(_runs(state))) == sorted(runs)
    assert [each.file for each in list_backups(state / "backups")] == [file]
    if at in AFTER:
        (old,) = _around(state)
        assert old.startswith("state.before-restore-")
        assert sorted(asyncio.run(_runs(state.parent / old))) == sorted(["newer1", RUN.id])
    report = asyncio.run(Restoration(file, state).restore())
    assert report.restored
    assert not [name for name in _around(state) if ".restore-" in name]
