"""`theseus audit`: shows, verifies and exports the audit log."""

import asyncio
import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption
from theseus_observe.redaction import redact

from bot.adapters.sqlite_store import AuditRow, SqlStore, check_rows
from bot.app.state_stores import StateStores
from bot.authority.audit_watch import load_heads
from bot.cli.missing_state import report_if_missing
from bot.cli.output import print_json, report_empty, say
from bot.cli.progress import show_progress
from bot.cli.run_ids import complete_run_id
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.audit import AuditEntry, AuditHead, AuditState
from bot.domain.errors import ConfigError, JournalError
from bot.settings import Settings, load_settings

audit_cli = typer.Typer()
_HEAD = ("when", "who", "did", "allowed", "how", "run", "commit", "note")


class Format(StrEnum):
    """The file format of an export."""

    NDJSON = "ndjson"
    CSV = "csv"


@audit_cli.callback(invoke_without_command=True)
def audit(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Option(help="Show only entries about this run.", autocompletion=complete_run_id),
    ] = None,
    person: Annotated[int | None, typer.Option(help="Show only entries by this user id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many entries.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show the audit log: who asked, approved, refused or changed what.

    The newest entry comes first. Exit code 1: the log has no entry for that run or person.

    Example: theseus audit --limit 20
    """
    if context.invoked_subcommand is not None:
        return
    entries = asyncio.run(_list_newest(run, person, limit))
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries or ()])
    elif entries:
        now = datetime.now(UTC)
        print_table(_HEAD, [_build_row(entry, now) for entry in entries])
    if not entries:
        about = "".join(
            (f" about run {run!r}" if run else "", f" by user {person}" if person else "")
        )
        message = f"The audit log has no entry{about}." if about else "The audit log is empty."
        # `None`: the missing log was reported already.
        report_empty("" if entries is None else message, searched=bool(about))


@audit_cli.command()
def verify(
    file: Annotated[
        Path | None, typer.Option(help="Verify this export (NDJSON) instead of the log.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="With --file: the audit.key of the bot that wrote the export."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify that no entry of the audit log was changed or removed.

    Exit code 1: the log is broken, or there is no log.

    Example: theseus audit verify --file export.ndjson
    """
    state = asyncio.run(_verify_log()) if file is None else _verify_export(file, key)
    if state is None:
        if as_json:
            print_json(None)
        raise typer.Exit(1)
    if as_json:
        print_json(state.model_dump(mode="json"))
    else:
        for line in _describe_state(state, file, key):
            say(line, {"Holds:": "green", "BROKEN": "bold red"}.get(line.partition(" ")[0], ""))
    if state.broken is not None:
        raise typer.Exit(1)


@audit_cli.command()
def export(
    since: Annotated[
        datetime | None,
        typer.Option(help="Export entries from this time on (UTC), such as 2026-11-01."),
    ] = None,
    as_format: Annotated[
        Format, typer.Option("--format", help="The output format.")
    ] = Format.NDJSON,
) -> None:
    """Export the entries with their hashes, oldest first, so that others can verify them.

    Example: theseus audit export --since 2026-11-01 --format csv
    """
    start = None if since is None else since.replace(tzinfo=since.tzinfo or UTC)
    asyncio.run(_export(start, _as_csv() if as_format is Format.CSV else _as_json))


@audit_cli.command()
def accept(
    why: Annotated[str, typer.Option(help="The cause of the break, as a note in the log.")],
    as_json: JsonOption = False,
) -> None:
    """Accept a break of the log, so that later entries can be verified again.

    Example: theseus audit accept --why "the disk was restored from a backup"
    """
    state, noted = asyncio.run(_accept(why))
    if as_json:
        print_json(noted.model_dump(mode="json"))
        return
    if state.broken is None:
        sys.stdout.write("The log is not broken.\n")
        return
    sys.stdout.write(
        f"Accepted: {state.broken.summary} The log is verified from entry {noted.last} on.\n"
    )


async def _list_newest(
    run: str | None, person: int | None, limit: int
) -> Sequence[AuditEntry] | None:
    """Return the newest matching entries, or `None` if there is no log (which is reported)."""
    settings = load_settings()
    if _is_log_missing(settings):
        return None
    async with _store(settings) as store:
        return await store.list_audit_entries(run_id=run, person_id=person, limit=limit)


async def _verify_log() -> AuditState | None:
    """Return the state of the log, or `None` if there is no log (which is reported)."""
    settings = load_settings()
    heads = await _list_heads(settings)
    if not heads and _is_log_missing(settings):
        return None
    async with _store(settings) as store:
        with show_progress("audit log") as on_progress:
            return await store.verify_audit_log(heads, on_progress=on_progress)


async def _accept(why: str) -> tuple[AuditState, AuditState]:
    settings = load_settings()
    if _is_log_missing(settings):
        raise typer.Exit(1)
    heads = await _list_heads(settings)
    async with _store(settings) as store:
        state = await store.verify_audit_log(heads)
        if state.broken is None:
            return state, state
        note = f"{state.broken.summary} {why}"
        now = datetime.now(UTC)
        entry = AuditEntry(at=now, action="", allowed=True, how="command line", note=note)
        await store.accept_audit_break(entry)
        return state, await store.verify_audit_log(heads)


async def _list_heads(settings: Settings) -> Sequence[AuditHead]:
    """Return the heads of the log that the journal recorded; empty without a journal.

    A log that was cut off at its end is a valid chain. Only these heads reveal the cut.
    """
    stores = StateStores.find(settings.state, settings.environment)
    if not stores.journal_folder.exists():
        return ()
    try:
        async with stores.build_journal() as journal:
            return await load_heads(journal)
    except JournalError as error:
        sys.stderr.write(
            f"theseus: the heads in the journal are not checked: {redact(str(error))}\n"
        )
        return ()


async def _export(since: datetime | None, write: Callable[[AuditRow], None]) -> None:
    settings = load_settings()
    if _is_log_missing(settings):
        raise typer.Exit(1)
    async with _store(settings) as store:
        async for row in store.iterate_audit(since=since):
            write(row)


def _as_json(row: AuditRow) -> None:
    sys.stdout.write(json.dumps(row._asdict(), ensure_ascii=False) + "\n")


def _as_csv() -> Callable[[AuditRow], None]:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(AuditRow._fields)

    def write(row: AuditRow) -> None:
        writer.writerow([_escape_formula(value) for value in row])

    return write


def _escape_formula(value: object) -> object:
    """Return the cell, with a leading `'` if a spreadsheet would run it as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _verify_export(file: Path, key: Path | None) -> AuditState:
    """Return the state of an exported log.

    Raises `ConfigError` if the export or the key cannot be read.
    """
    try:
        secret = None if key is None else bytes.fromhex(key.read_text(encoding="ascii").strip())
        with file.open(encoding="utf-8") as lines:
            return check_rows(_read_rows(lines, file), secret)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"audit: {file} or its key cannot be read ({error}).") from error
    except ValueError as error:
        raise ConfigError(f"audit: {key} does not contain a hexadecimal key.") from error


def _read_rows(lines: Iterator[str], file: Path) -> Iterator[AuditRow]:
    for number, line in enumerate(lines, 1):
        try:
            yield AuditRow(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{file}, line {number}: this is not an entry of an export. "
                "`theseus audit export` writes files that can be verified (NDJSON)."
            ) from error


def _describe_state(state: AuditState, file: Path | None, key: Path | None) -> Iterator[str]:
    if state.broken is not None:
        broken = state.broken
        yield f"BROKEN at entry {broken.number} ({broken.kind}): {broken.summary}"
        if file is None:
            yield "Copy the state folder, find the cause, then run: theseus audit accept --why ..."
    elif not state.last:
        yield "The audit log is empty."
    else:
        yield f"Holds: entries {state.first} to {state.last}, ending in {state.hash}."
    if state.accepted is not None:
        yield f"Accepted before: {state.accepted.summary}"
    if state.sealed_from is not None and state.sealed_from > max(state.first, 1):
        yield f"Entries before {state.sealed_from} are from an older version: chained, not sealed."
    if file is not None and state.broken is None:
        yield from _describe_proof(key)


def _describe_proof(key: Path | None) -> Iterator[str]:
    yield "Proved: no entry between the first and the last was changed, removed, added or moved."
    yield "Not proved: that no entry is missing before the first or after the last. To check that,"
    yield "compare the last hash with the bot's `theseus audit verify`, or with an earlier note."
    if key is None:
        yield "Not proved: that this bot wrote the entries. Add --key with its audit.key."


def _build_row(entry: AuditEntry, now: datetime) -> Row:
    who = entry.person.name if entry.person else "Theseus"
    decision = Cell("allowed", "green") if entry.allowed else Cell("REFUSED", "red")
    return (
        When(entry.at, now), who, entry.action, decision, entry.how, entry.run_id or "",
        entry.head[:7], entry.note,
    )  # fmt: skip


def _is_log_missing(settings: Settings) -> bool:
    """Return whether there never was a log, and report that.

    `audit.head` outlives the database: if only the database is missing, the log was deleted, and
    the command has to find that instead of saying that there is no log yet.
    """
    missing = StateStores.find(settings.state, settings.environment).find_missing_file()
    return not (settings.state / "audit.head").exists() and report_if_missing(missing, "audit log")


def _store(settings: Settings) -> SqlStore:
    return StateStores.find(settings.state, settings.environment).build_store()
