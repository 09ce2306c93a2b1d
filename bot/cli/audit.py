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
from bot.adapters.sqlite_store import AuditRow, SqliteStore, checked
from bot.authority.audit_watch import noted_heads
from bot.cli.missing_state import nothing_at
from bot.cli.output import JsonOption, print_json, say, tell_nothing_is_there
from bot.cli.progress import progress
from bot.cli.run_ids import complete_run_id
from bot.cli.tables import Cell, Row, When, print_table
from bot.domain.audit import AuditEntry, AuditHead, AuditState
from bot.domain.errors import ConfigError, JournalError
from bot.redaction import redact
from bot.settings import Settings, settings_here

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
    entries = asyncio.run(_newest(run, person, limit))
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries or ()])
    elif entries:
        now = datetime.now(UTC)
        print_table(_HEAD, [_row(entry, now) for entry in entries])
    if not entries:
        about = "".join(
            (f" about the run {run!r}" if run else "", f" by the person {person}" if person else "")
        )
        nothing = f"The audit log has nothing{about}." if about else "The audit log is empty."
        told = "" if entries is None else nothing
        tell_nothing_is_there(told, searched=bool(about))


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
    state = asyncio.run(_whole()) if file is None else _of_export(file, key)
    if state is None:
        if as_json:
            print_json(None)
        raise typer.Exit(1)
    if as_json:
        print_json(state.model_dump(mode="json"))
    else:
        for line in _told(state, file, key):
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
    asyncio.run(_exported(from_then, _as_csv() if as_format is Format.CSV else _as_json))


@audit_cli.command()
def accept(
    why: Annotated[str, typer.Option(help="What was found out about the break.")],
    as_json: JsonOption = False,
) -> None:
    """Take note of a break: from now on the log counts, and later breaks are seen.

    For example: theseus audit accept --why "the disk was restored from a backup"
    """
    state, noted = asyncio.run(_accepted(why))
    if as_json:
        print_json(noted.model_dump(mode="json"))
        return
    if state.broken is None:
        sys.stdout.write("Nothing was broken.\n")
        return
    sys.stdout.write(f"Noted: {state.broken.told} From entry {noted.last} on the log counts.\n")


async def _newest(run: str | None, person: int | None, limit: int) -> Sequence[AuditEntry] | None:
    """Return the newest entries that fit; `None` where there never was a log, which is said."""
    settings = settings_here()
    if _nothing_in(settings):
        return None
    async with _store(settings) as store:
        return await store.audit_log(run_id=run, person_id=person, limit=limit)


async def _whole() -> AuditState | None:
    """Return the state of the log; `None` where there never was one, which is reported."""
    settings = settings_here()
    heads = await _heads(settings)
    if not heads and _nothing_in(settings):
        return None
    async with _store(settings) as store:
        with progress("audit log") as on_progress:
            return await store.audit_state(heads, on_progress=on_progress)


async def _accepted(why: str) -> tuple[AuditState, AuditState]:
    settings = settings_here()
    if _nothing_in(settings):
        raise typer.Exit(1)
    heads = await _heads(settings)
    async with _store(settings) as store:
        state = await store.audit_state(heads)
        if state.broken is None:
            return state, state
        note = f"{state.broken.told} {why}"
        now = datetime.now(UTC)
        entry = AuditEntry(at=now, action="", allowed=True, how="command line", note=note)
        await store.audit_accept(entry)
        return state, await store.audit_state(heads)


async def _heads(settings: Settings) -> Sequence[AuditHead]:
    """Return where the log ended at other times; without a journal, nothing is known of that."""
    if not (settings.state / "journal").exists():
        return ()
    try:
        async with NdjsonJournal(settings.state, redact=redact) as journal:
            return await noted_heads(journal)
    except JournalError as error:
        sys.stderr.write(f"theseus: the journal's part is left out: {redact(str(error))}\n")
        return ()


async def _exported(since: datetime | None, write: Callable[[AuditRow], None]) -> None:
    settings = settings_here()
    if _nothing_in(settings):
        raise typer.Exit(1)
    async with _store(settings) as store:
        async for row in store.audit_rows(since=since):
            write(row)


def _as_json(row: AuditRow) -> None:
    sys.stdout.write(json.dumps(row._asdict(), ensure_ascii=False) + "\n")


def _as_csv() -> Callable[[AuditRow], None]:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(AuditRow._fields)

    def write(row: AuditRow) -> None:
        writer.writerow([_harmless(value) for value in row])

    return write


def _harmless(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _of_export(file: Path, key: Path | None) -> AuditState:
    """Return what an export shows by itself. Raises `ConfigError` with what to do."""
    try:
        secret = None if key is None else bytes.fromhex(key.read_text(encoding="ascii").strip())
        with file.open(encoding="utf-8") as lines:
            return checked(_rows(lines, file), secret)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"audit: {file} or its key cannot be read ({error}).") from error
    except ValueError as error:
        raise ConfigError(f"audit: {key} holds no key in hexadecimal.") from error


def _rows(lines: Iterator[str], file: Path) -> Iterator[AuditRow]:
    for number, line in enumerate(lines, 1):
        try:
            yield AuditRow(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{file}, line {number}: no entry of an export. `theseus audit export` writes "
                "what can be verified (NDJSON)."
            ) from error


def _told(state: AuditState, file: Path | None, key: Path | None) -> Iterator[str]:
    if state.broken is not None:
        broken = state.broken
        yield f"BROKEN at entry {broken.number} ({broken.kind}): {broken.told}"
        if file is None:
            yield "Keep a copy of the state folder, find out, then: theseus audit accept --why ..."
    elif not state.last:
        yield "Nothing is in it yet."
    else:
        yield f"Holds: entries {state.first} to {state.last}, ending in {state.hash}."
    if state.accepted is not None:
        yield f"Known and noted: {state.accepted.told}"
    if state.sealed_from is not None and state.sealed_from > max(state.first, 1):
        yield f"Entries before {state.sealed_from} are of an older version: chained, not sealed."
    if file is not None and state.broken is None:
        yield from _proves(key)


def _proves(key: Path | None) -> Iterator[str]:
    yield "Proved: no entry between the first and the last was changed, removed, added or moved."
    yield "Not proved: that none lacks before the first or after the last; compare the last hash"
    yield "with the bot's own `theseus audit verify`, or with what was noted of it earlier."
    if key is None:
        yield "Not proved: that this bot wrote them; that takes --key with its audit.key."


def _row(entry: AuditEntry, now: datetime) -> Row:
    who = entry.person.name if entry.person else "Theseus"
    word = Cell("allowed", "green") if entry.allowed else Cell("REFUSED", "red")
    return (
        When(entry.at, now), who, entry.action, word, entry.how, entry.run_id or "",
        entry.head[:7], entry.note,
    )  # fmt: skip


def _nothing_in(settings: Settings) -> bool:
    """Whether there never was a log: where one is gone, what was noted of its end is left."""
    ended = settings.state / "audit.head"
    return not ended.exists() and nothing_at(settings.state / "theseus.sqlite3", "audit log")


def _store(settings: Settings) -> SqliteStore:
    return SqliteStore(settings.state / "theseus.sqlite3")
