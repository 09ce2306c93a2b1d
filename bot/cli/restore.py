"""`theseus restore`: the state back from a backup, in the place of the one there is."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.state_backups import is_recreated
from bot.app.backups import get_backup_folder
from bot.app.restoration import Restoration, RestoreReport
from bot.cli.backup_files import complete_backup
from bot.cli.output import JsonOption, print_json, say
from bot.cli.progress import show_progress
from bot.presentation.counts import format_count
from bot.presentation.sizes import format_size
from bot.presentation.times import format_utc
from bot.settings import Settings, load_settings

_MB = 1_000_000


def restore(
    file: Annotated[
        Path,
        typer.Argument(
            help="An archive, or its name alone: `theseus backup list` shows them.",
            autocompletion=complete_backup,
        ),
    ],
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Only look whether it could be restored.")
    ] = False,
    broken_audit: Annotated[
        bool, typer.Option("--broken-audit", help="Also where its audit log does not hold.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the state back from a backup; nothing is deleted.

    Stop the bot first. All of the archive is checked before anything is touched. The state that was
    there is kept beside it; an emergency stop that stands, stands on.

    For example: theseus restore theseus-20261121T033000Z.tar.gz
    """
    settings = load_settings()
    report = asyncio.run(
        _restore(
            settings, _find_archive(settings, file), verify_only=verify_only, broken=broken_audit
        )
    )
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in _render_report(report):
        say(line, "green" if line.startswith(("Restored", "Holds")) else "")


async def _restore(
    settings: Settings, file: Path, *, verify_only: bool, broken: bool
) -> RestoreReport:
    with show_progress("reading, MB") as told:
        work = Restoration(
            file,
            settings.state,
            on_progress=lambda done, total: told(done // _MB, total // _MB),
        )
        if verify_only:
            return await work.verify(broken_audit=broken)
        return await work.restore(broken_audit=broken)


def _find_archive(settings: Settings, file: Path) -> Path:
    """Return the archive that is meant; a bare name may be one of the folder of backups."""
    here = Path.cwd() / file.expanduser()
    kept = get_backup_folder(settings) / file.name
    return kept if file.name == str(file) and not here.exists() and kept.exists() else here


def _render_report(report: RestoreReport) -> Iterator[str]:
    """Yield what a person should know, a line each."""
    what = f"{report.file.name}, made {format_utc(report.made_at)}"
    held = (
        f"{format_count(report.runs, 'run')}, {format_count(report.files, 'file')}, "
        f"{format_size(report.bytes)}, audit log to record {report.audit.last}"
    )
    if not report.restored:
        yield f"Holds: {what}: {held}."
    else:
        yield f"Restored: {what}, to {report.state}: {held}."
    if report.audit.broken is not None:
        yield f"Its audit log does NOT hold: {report.audit.broken.summary}"
    if report.old_state is not None:
        yield f"The state that was there is kept: {report.old_state}. Remove it when all is well."
    if report.carried:
        yield f"Kept from there: {', '.join(report.carried)}."
    for left in report.left_out:
        if not is_recreated(left):
            yield f"Not in the backup: {left.name} ({left.why})"
    if report.restored and report.commit:
        yield f"It was made at commit {report.commit[:10]}; this or a newer one can run on it."
    if report.stopped:
        yield "The emergency stop stands: `theseus stop --lift` when work may begin."
