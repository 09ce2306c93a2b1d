"""`theseus backup`: saves the state in one file, and lists the backups."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from theseus_guard.terminal import JsonOption

from bot.adapters.git_checkout import GitCheckout
from bot.adapters.state_backups import StateBackups, is_recreated, read_manifest
from bot.adapters.system_clock import SystemClock
from bot.app.backups import get_backup_folder, list_elsewhere
from bot.cli.backup_files import find_backups
from bot.cli.missing_state import report_if_missing
from bot.cli.output import print_error, print_json, say
from bot.cli.progress import show_progress
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.backup import Backup, BackupManifest
from bot.domain.errors import ConfigError, PortError, StoreError
from bot.presentation.counts import format_count
from bot.presentation.sizes import format_size
from bot.settings import Settings, load_settings

backup_cli = typer.Typer()
_HEAD = ("when", "size", "runs", "audit", "commit", "file")
_MB = 1_000_000
_ARCHIVES = (".tar.gz", ".tgz")


@backup_cli.callback(invoke_without_command=True)
def backup(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Write to this folder or file (*.tar.gz) instead of backup.folder.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Back up the state to one file, also while the bot is running.

    `theseus restore` restores it. The file contains keys and messages of people. Only this account
    can read it: store it where no one else can.

    Example: theseus backup --to /mnt/backups
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    # An empty state folder counts as a missing one.
    if report_if_missing(
        next(settings.state.glob("*"), settings.state / "theseus.sqlite3"), "state"
    ):
        raise typer.Exit(1)
    made = asyncio.run(_create_backup(settings, *_place(settings, to)))
    manifest = read_manifest(made.file)
    if as_json:
        print_json(_build_data(made, manifest))
        return
    say(
        f"Backed up: {made.file} ({format_size(made.size)}): {_format_contents(manifest)}.", "green"
    )
    for left_out in manifest.left_out:
        if not is_recreated(left_out):
            say(f"Not in the backup: {left_out.name} ({left_out.why})")


@backup_cli.command("list")
def list_backups(as_json: JsonOption = False) -> None:
    """List the backups, the newest first.

    Example: theseus backup list --json
    """
    settings = load_settings()
    found = [(each, _load_manifest(each)) for each in find_backups(settings)]
    if as_json:
        print_json([_build_data(*each) for each in found])
    elif found:
        now = datetime.now(UTC)
        print_table(_HEAD, [_build_row(made, manifest, now) for made, manifest in found])
    else:
        folder = get_backup_folder(settings)
        print_error(f"There are no backups in {folder}. `theseus backup` makes one.")


def _place(settings: Settings, to: Path | None) -> tuple[Path, Path | None]:
    """Return the folder to write to, and the file if `to` names one. Raises `ConfigError`."""
    if to is None:
        return get_backup_folder(settings), None
    to = settings.root / to.expanduser()
    if to.is_dir():
        return to, None
    if to.exists():
        what = "exists already" if to.name.endswith(_ARCHIVES) else "is not a folder"
        raise ConfigError(f"--to: {to} {what}. Name a folder, or a new file (*.tar.gz).")
    return (to.parent, to) if to.name.endswith(_ARCHIVES) else (to, None)


async def _create_backup(settings: Settings, folder: Path, file: Path | None) -> Backup:
    commit = await _commit(settings)
    elsewhere = list_elsewhere(settings)
    store = StateBackups(
        settings.state, folder, SystemClock(), commit=lambda: commit, elsewhere=elsewhere
    )
    with show_progress("backing up, MB") as report:
        return await store.take(file, lambda done, total: report(done // _MB, total // _MB))


async def _commit(settings: Settings) -> str | None:
    """Return the commit of the checkout, or `None` if it is unknown (a backup works without it)."""
    try:
        return await GitCheckout(settings.root).get_head()
    except PortError:
        return None


def _load_manifest(made: Backup) -> BackupManifest | None:
    """Return the manifest of an archive, or `None` if the archive is damaged."""
    try:
        return read_manifest(made.file)
    except (ConfigError, StoreError):
        return None


def _build_data(made: Backup, manifest: BackupManifest | None) -> dict[str, Any]:
    data: dict[str, Any] = {**made.model_dump(mode="json"), "damaged": manifest is None}
    if manifest is not None:
        data |= {
            "commit": manifest.commit,
            "files": len(manifest.files),
            "bytes": manifest.size,
            "runs": manifest.count_rows("runs"),
            "audit": manifest.audit.model_dump(mode="json") if manifest.audit else None,
            "left_out": [each.model_dump(mode="json") for each in manifest.left_out],
        }
    return data


def _format_contents(manifest: BackupManifest) -> str:
    days = sum(each.name.startswith("journal/") for each in manifest.files)
    return ", ".join(
        (
            format_count(manifest.count_rows("runs"), "run"),
            format_count(manifest.count_rows("audit_log"), "audit record"),
            f"{format_count(days, 'day')} of the journal",
            format_count(len(manifest.files), "file"),
        )
    )


def _build_row(made: Backup, manifest: BackupManifest | None, now: datetime) -> Row:
    when, size, file = When(made.made_at, now), format_size(made.size), made.file.name
    if manifest is None:
        return (when, size, Cell("DAMAGED", "bold red"), "", "", file)
    entries = str(manifest.audit.number) if manifest.audit else ""
    return (
        when,
        size,
        str(manifest.count_rows("runs")),
        entries,
        (manifest.commit or "")[:7],
        file,
    )
