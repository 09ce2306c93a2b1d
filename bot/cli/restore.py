"""`theseus restore`: replaces the state with the one in a backup."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.adapters.state_backups import is_recreated
from bot.app.backups import get_backup_folder
from bot.app.restoration import Restoration, RestoreReport
from bot.cli.backup_files import complete_backup
from bot.cli.output import print_json, say
from bot.cli.progress import show_progress
from bot.domain.errors import ConfigError
from bot.domain.postgres_place import STATE_URL
from bot.presentation.counts import format_count
from bot.presentation.sizes import format_size
from bot.presentation.times import format_utc
from bot.settings import Settings, load_settings

_MB = 1_000_000


def restore(
    file: Annotated[
        Path,
        typer.Argument(
            help="The archive, or its name as `theseus backup list` shows it.",
            autocompletion=complete_backup,
        ),
    ],
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Check the backup, and restore nothing.")
    ] = False,
    broken_audit: Annotated[
        bool, typer.Option("--broken-audit", help="Accept a backup with a broken audit log.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore the state from a backup; nothing is deleted.

    Stop the bot first. The archive is checked completely before any file changes. The old state is
    kept in a folder next to it. An active emergency stop stays active.

    Example: theseus restore theseus-20261121T033000Z.tar.gz
    """
    settings = load_settings()
    if not verify_only and settings.environment.theseus_state_url is not None:
        raise ConfigError(
            f"{STATE_URL} is set, and a backup contains no database of PostgreSQL: restore that "
            f"with pg_restore. To restore the files of the state folder too, remove {STATE_URL} "
            "from .env, restore, and set it again (docs/scale.md)."
        )
    report = asyncio.run(
        _restore(
            settings, _find_archive(settings, file), verify_only=verify_only, broken=broken_audit
        )
    )
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in _render_report(report):
        say(line, "green" if line.startswith(("Restored", "Valid")) else "")


async def _restore(
    settings: Settings, file: Path, *, verify_only: bool, broken: bool
) -> RestoreReport:
    with show_progress("reading, MB") as report:
        work = Restoration(
            file,
            settings.state,
            on_progress=lambda done, total: report(done // _MB, total // _MB),
        )
        if verify_only:
            return await work.verify(broken_audit=broken)
        return await work.restore(broken_audit=broken)


def _find_archive(settings: Settings, file: Path) -> Path:
    """Return the path of the archive; a bare name is also looked up in the backup folder."""
    here = Path.cwd() / file.expanduser()
    backup = get_backup_folder(settings) / file.name
    return backup if file.name == str(file) and not here.exists() and backup.exists() else here


def _render_report(report: RestoreReport) -> Iterator[str]:
    """Yield the lines of the report for a person."""
    what = f"{report.file.name}, made {format_utc(report.made_at)}"
    contents = (
        f"{format_count(report.runs, 'run')}, {format_count(report.files, 'file')}, "
        f"{format_size(report.bytes)}, audit log to record {report.audit.last}"
    )
    if not report.restored:
        yield f"Valid: {what}: {contents}."
    else:
        yield f"Restored: {what}, to {report.state}: {contents}."
    if report.audit.broken is not None:
        yield f"Its audit log is BROKEN: {report.audit.broken.summary}"
    if report.old_state is not None:
        yield f"The old state is kept in {report.old_state}. Remove it when the bot works."
    if report.carried:
        yield f"Copied from the old state: {', '.join(report.carried)}."
    for left in report.left_out:
        if not is_recreated(left):
            yield f"Not in the backup: {left.name} ({left.why})"
    if report.restored and report.commit:
        yield f"It was made at commit {report.commit[:10]}; run this commit or a newer one."
    if report.stopped:
        yield "The emergency stop is active: run `theseus stop --lift` to let work begin."
