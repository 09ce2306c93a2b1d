"""`theseus audit`: who did what; whether that is still all of it; and all of it to take away."""

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

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import AuditRow, SqliteStore, check_rows
from bot.authority.audit_watch import load_heads
from bot.cli.missing_state import report_if_missing
from bot.cli.output import JsonOption, print_json, report_empty, say
from bot.cli.progress import show_progress
from bot.cli.run_ids import complete_run_id
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.audit import AuditEntry, AuditHead, AuditState
from bot.domain.errors import ConfigError, JournalError
from bot.redaction import redact
from bot.settings import Settings, load_settings

audit_cli = typer.Typer()
_HEAD = ("when", "who", "did", "allowed", "how", "run", "commit", "note")


class Format(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    CSV = "csv"


@audit_cli.callback(invoke_without_command=True)
def audit(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Option(help="Only what is about this run.", autocompletion=complete_run_id),
    ] = None,
    person: Annotated[int | None, typer.Option(help="Only what this user id did.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest entries.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show who asked, approved, refused or changed what.

    The newest first. Exit code 1: nothing is about that run, or by that person.

    For example: theseus audit --limit 20
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
            (f" about the run {run!r}" if run else "", f" by the person {person}" if person else "")
        )
        nothing = f"The audit log has nothing{about}." if about else "The audit log is empty."
        told = "" if entries is None else nothing
        report_empty(told, searched=bool(about))


@audit_cli.command()
def verify(
    file: Annotated[
        Path | None, typer.Option(help="An export to verify instead, as NDJSON.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="With --file: the audit.key of the bot that wrote it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the log is still all that was written.

    Exit code 1: it is not, or there is no log.

    For example: theseus audit verify --file export.ndjson
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
        datetime | None, typer.Option(help="From then on (UTC), for example 2026-11-01.")
    ] = None,
    as_format: Annotated[
        Format, typer.Option("--format", help="How each is written.")
    ] = Format.NDJSON,
) -> None:
    """Print the entries with their hashes, oldest first: whoever gets them can verify them.

    For example: theseus audit export --since 2026-11-01 --format csv
    """
    from_then = None if since is None else since.replace(tzinfo=since.tzinfo or UTC)
    asyncio.run(_export(from_then, _as_csv() if as_format is Format.CSV else _as_json))


@audit_cli.command()
def accept(
    why: Annotated[str, typer.Option(help="What was found out about the break.")],
    as_json: JsonOption = False,
) -> None:
    """Take note of a break: from now on the log counts, and later breaks are seen.

    For example: theseus audit accept --why "the disk was restored from a backup"
    """
    state, noted = asyncio.run(_accept(why))
    if as_json:
        print_json(noted.model_dump(mode="json"))
        return
    if state.broken is None:
        sys.stdout.write("Nothing was broken.\n")
        return
    sys.stdout.write(f"Noted: {state.broken.summary} From entry {noted.last} on the log counts.\n")


async def _list_newest(
    run: str | None, person: int | None, limit: int
) -> Sequence[AuditEntry] | None:
    """Return the newest entries that fit; `None` where there never was a log, which is said."""
    settings = load_settings()
    if _is_log_missing(settings):
        return None
    async with _store(settings) as store:
        return await store.list_audit_entries(run_id=run, person_id=person, limit=limit)


async def _verify_log() -> AuditState | None:
    """Return the state of the log; `None` where there never was one, which is reported."""
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
    """Return where the log ended at other times; without a journal, nothing is known of that."""
    if not (settings.state / "journal").exists():
        return ()
    try:
        async with NdjsonJournal(settings.state, redact=redact) as journal:
            return await load_heads(journal)
    except JournalError as error:
        sys.stderr.write(f"theseus: the journal's part is left out: {redact(str(error))}\n")
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
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _verify_export(file: Path, key: Path | None) -> AuditState:
    """Return what an export shows by itself. Raises `ConfigError` with what to do."""
    try:
        secret = None if key is None else bytes.fromhex(key.read_text(encoding="ascii").strip())
        with file.open(encoding="utf-8") as lines:
            return check_rows(_read_rows(lines, file), secret)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"audit: {file} or its key cannot be read ({error}).") from error
    except ValueError as error:
        raise ConfigError(f"audit: {key} holds no key in hexadecimal.") from error


def _read_rows(lines: Iterator[str], file: Path) -> Iterator[AuditRow]:
    for number, line in enumerate(lines, 1):
        try:
            yield AuditRow(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{file}, line {number}: no entry of an export. `theseus audit export` writes "
                "what can be verified (NDJSON)."
            ) from error


def _describe_state(state: AuditState, file: Path | None, key: Path | None) -> Iterator[str]:
    if state.broken is not None:
        broken = state.broken
        yield f"BROKEN at entry {broken.number} ({broken.kind}): {broken.summary}"
        if file is None:
            yield "Keep a copy of the state folder, find out, then: theseus audit accept --why ..."
    elif not state.last:
        yield "Nothing is in it yet."
    else:
        yield f"Holds: entries {state.first} to {state.last}, ending in {state.hash}."
    if state.accepted is not None:
        yield f"Known and noted: {state.accepted.summary}"
    if state.sealed_from is not None and state.sealed_from > max(state.first, 1):
        yield f"Entries before {state.sealed_from} are of an older version: chained, not sealed."
    if file is not None and state.broken is None:
        yield from _describe_proof(key)


def _describe_proof(key: Path | None) -> Iterator[str]:
    yield "Proved: no entry between the first and the last was changed, removed, added or moved."
    yield "Not proved: that none lacks before the first or after the last; compare the last hash"
    yield "with the bot's own `theseus audit verify`, or with what was noted of it earlier."
    if key is None:
        yield "Not proved: that this bot wrote them; that takes --key with its audit.key."


def _build_row(entry: AuditEntry, now: datetime) -> Row:
    who = entry.person.name if entry.person else "Theseus"
    word = Cell("allowed", "green") if entry.allowed else Cell("REFUSED", "red")
    return (
        When(entry.at, now), who, entry.action, word, entry.how, entry.run_id or "",
        entry.head[:7], entry.note,
    )  # fmt: skip


def _is_log_missing(settings: Settings) -> bool:
    """Whether there never was a log: where one is gone, what was noted of its end is left."""
    ended = settings.state / "audit.head"
    return not ended.exists() and report_if_missing(settings.state / "theseus.sqlite3", "audit log")


def _store(settings: Settings) -> SqliteStore:
    return SqliteStore(settings.state / "theseus.sqlite3")
