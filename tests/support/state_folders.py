"""State folders as a bot leaves them, small; and backups of them."""

import atexit
import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

from theseus_observe.redaction import redact

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.forges.local import LocalForge
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.state_backups import StateBackups
from bot.adapters.system_clock import SystemClock
from bot.domain.audit import AuditEntry
from bot.domain.stop import Stop
from bot.telemetry import load_secret
from tests.bot.presentation.test_cards import RUN
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.repositories import make_repository
from tests.support.failures import make_failure

_made: list[Path] = []


async def make_state_folder(root: Path, *, stopped: bool = False) -> Path:
    """Return the state folder of a bot that has worked, below `root`: made once, then copied."""
    state = root / "state"
    if not _made:
        folder = tempfile.mkdtemp(prefix="theseus-state-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _made.append(await _create_state(Path(folder)))
    shutil.copytree(_made[0], state)
    if stopped:
        await FileKillSwitch(state / "STOP").pull(Stop(how="file", at=START))
    return state


async def _create_state(root: Path) -> Path:
    state, source = root / "state", root / "source"
    make_repository(source)
    await LocalForge.create_repository(state / "forge.git", source)
    async with LocalForge(state / "forge.git", state / "forge.sqlite3", SystemClock()):
        pass
    async with SqliteStore(state / "theseus.sqlite3") as store:
        await store.create(RUN)
        for number in range(20):
            await store.append_audit_entry(make_entry(number))
    async with NdjsonJournal(state, redact=redact) as journal:
        journal.append(make_failure(FakeClock()))
    load_secret(state / "pseudonyms.key")
    (state / "polls.json").write_text('{"open": []}')
    with contextlib.closing(sqlite3.connect(state / "reminders.sqlite3")) as cog, cog:
        cog.execute("CREATE TABLE reminders (text TEXT)")
        cog.execute("INSERT INTO reminders VALUES ('water the plants')")
    for name in ("cache/x", "worktrees/run/file", "backups/20261121-env", "claude/home"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text("nothing anybody misses")
    (state / "github-app.pem").write_text("a key of GitHub's")
    return state


def make_entry(number: int) -> AuditEntry:
    """Return an entry of the audit log."""
    return AuditEntry(at=START, action="asked", allowed=True, note=f"number {number}")


async def make_backup(state: Path, into: Path) -> Path:
    """Return the archive of a backup of the state in a folder."""
    made = await StateBackups(state, into, SystemClock(), commit=lambda: "f00d" * 10).take()
    return made.file


def read_files(folder: Path) -> dict[str, bytes | None]:
    """Return every file below a folder with its bytes, and folders as `None`."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name not in ("lock", "audit.lock")
    }
