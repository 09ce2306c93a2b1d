"""Restoring a backup: compared with what it says of itself, checked, then put in place."""

import getpass
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime
from theseus_guard.completion import run_in_thread
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.state_backups import ROOM, OnBytes, extract, get_free_bytes
from bot.app.restored_cursors import carry_cursors
from bot.app.schemas import KNOWN_MIGRATIONS
from bot.app.state_lock import hold
from bot.app.state_swap import Staging, Step, create_staging, discard, refuse_mount, take_place
from bot.authority.audit_watch import load_heads
from bot.domain.audit import RESTORED, AuditEntry, AuditState
from bot.domain.backup import BackupManifest, LeftOut
from bot.domain.errors import ConfigError, PortError
from bot.infra.git import Git
from bot.infra.schema_versions import find_newer_schemas
from bot.presentation.times import format_utc

_STOP = "STOP"


class RestoreReport(Record):
    """What a backup held, and what became of it. Sizes in bytes; `carried` stayed as it was."""

    file: Path
    made_at: AwareDatetime
    commit: str | None
    files: int
    bytes: int
    runs: int
    audit: AuditState
    left_out: tuple[LeftOut, ...]
    restored: bool = False
    state: Path
    old_state: Path | None = None
    carried: tuple[str, ...] = ()
    stopped: bool = False


class Restoration:
    """Restores one archive into a state folder. `step` is called after each step."""

    def __init__(
        self,
        file: Path,
        state: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_progress: OnBytes = lambda done, total: None,
        step: Step = lambda name: None,
        free: Callable[[Path], int] = get_free_bytes,
    ) -> None:
        self._file = file
        self._state = state
        self._now = now
        self._on_progress = on_progress
        self._step = step
        self._free = free

    async def verify(self, *, broken_audit: bool = False) -> RestoreReport:
        """Check the archive without restoring it. Raises `ConfigError` if it is invalid."""
        staging = create_staging(self._state, self._now())
        try:
            return await self._verify_backup(staging, broken_audit=broken_audit)
        finally:
            await run_in_thread(discard, staging)

    async def restore(self, *, broken_audit: bool = False) -> RestoreReport:
        """Replace the state with the archive; the old state is kept in a folder next to it.

        Raises `ConfigError` if a bot uses the state or the archive is invalid; the state is
        unchanged then.
        """
        refuse_mount(self._state)
        with hold(self._state):
            staging = create_staging(self._state, self._now())
            try:
                report = await self._verify_backup(staging, broken_audit=broken_audit)
                # Locked before the swap, so that no bot can open the new state too early.
                with hold(staging.folder):
                    carried = await run_in_thread(_copy_local_state, self._state, staging.folder)
                    await self._record_restore(staging.folder, report)
                    await carry_cursors(self._state, staging.folder)
                    self._step("noted")
                    old = await run_in_thread(take_place, staging, self._state, self._step)
            finally:
                await run_in_thread(discard, staging)
            stop = await FileKillSwitch(self._state / _STOP).get_stop()
            return report.replace(
                restored=True, old_state=old, carried=carried, stopped=stop is not None
            )

    async def _verify_backup(self, staging: Staging, *, broken_audit: bool) -> RestoreReport:
        room = max(0, self._free(staging.folder) - ROOM)
        manifest = await run_in_thread(
            extract, self._file, staging.folder, room=room, on_progress=self._on_progress
        )
        self._step("extracted")
        self._check_schemas(staging.folder)
        await run_in_thread(self._check_forge, staging.folder / "forge.git")
        audit = await self._check_audit(staging.folder)
        if audit.broken is not None and not broken_audit:
            raise ConfigError(
                f"{self._file} is not restored: its audit log is broken from entry "
                f"{audit.broken.number} on ({audit.broken.summary}) Use an older backup, or "
                "--broken-audit to restore it anyway; no change ships then until "
                "`theseus audit accept`."
            )
        self._step("verified")
        return self._report(manifest, audit)

    def _check_schemas(self, folder: Path) -> None:
        newer = find_newer_schemas(folder, KNOWN_MIGRATIONS)
        if newer:
            first = newer[0]
            raise ConfigError(
                f"{self._file} is of a newer Theseus: its {first.file.relative_to(folder)} has the "
                f"migration {first.migrations[-1]}, which is unknown here. Update Theseus to the "
                "commit of the backup (`theseus backup list` shows it) or a newer one."
            )

    def _check_forge(self, bare: Path) -> None:
        """Raise `ConfigError` unless every branch has all its commits and files. Blocking."""
        if not (bare / "HEAD").exists():
            return
        try:
            git = Git(bare, f"--git-dir={bare}")
            git.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
        except PortError as error:
            raise ConfigError(
                f"{self._file} is not restored: its forge.git is not whole ({error.detail[:200]}). "
                "Take another backup."
            ) from error

    async def _check_audit(self, folder: Path) -> AuditState:
        """Verify the complete audit log, also against the heads that the journal recorded."""
        database = folder / "theseus.sqlite3"
        if not database.is_file():  # a bot that never ran
            return AuditState()
        async with NdjsonJournal(folder, redact=redact) as journal:
            heads = await load_heads(journal)
        async with SqliteStore(database) as store:
            return await store.verify_audit_log(heads)

    async def _record_restore(self, folder: Path, report: RestoreReport) -> None:
        """Write into the log that goes on that it was restored, by whom and from what."""
        note = f"{getpass.getuser()}: {report.file.name}, made {format_utc(report.made_at)}"
        entry = AuditEntry(
            at=self._now(), action=RESTORED, allowed=True, how="command line", note=note
        )
        async with SqliteStore(folder / "theseus.sqlite3") as store:
            await store.append_audit_entry(entry)

    def _report(self, manifest: BackupManifest, audit: AuditState) -> RestoreReport:
        return RestoreReport(
            file=self._file,
            made_at=manifest.made_at,
            commit=manifest.commit,
            files=len(manifest.files),
            bytes=manifest.size,
            runs=manifest.count_rows("runs"),
            audit=audit,
            left_out=manifest.left_out,
            state=self._state,
        )


def _copy_local_state(state: Path, staging: Path) -> tuple[str, ...]:
    """Copy keys of services and an active emergency stop to the new state; return their names.

    Backups contain no keys, and restoring a backup must not lift a stop.
    """
    carried = []
    for key in sorted(state.glob("*.pem")):
        if key.is_file() and not key.is_symlink():
            shutil.copyfile(key, staging / key.name)
            (staging / key.name).chmod(0o600)
            carried.append(key.name)
    stop = state / _STOP
    if (stop.exists() or stop.is_symlink()) and not (staging / _STOP).exists():
        (staging / _STOP).touch(mode=0o600)
        if stop.is_file() and not stop.is_symlink():
            shutil.copyfile(stop, staging / _STOP)
        carried.append(_STOP)
    return tuple(carried)
