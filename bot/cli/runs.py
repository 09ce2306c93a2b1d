"""`theseus runs`: the runs in a state folder, without a running bot."""

import asyncio
import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.cli.missing_state import report_if_missing
from bot.cli.output import (
    JsonOnTerminal,
    JsonOption,
    print_error,
    print_json,
    say,
    should_print_json,
)
from bot.cli.run_ids import complete_run_id
from bot.cli.run_text import RECORDS_HEAD, RUNS_HEAD, record_row, run_fields, run_row
from bot.cli.tables import print_fields, print_table
from bot.domain.errors import UnknownRun
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.run import Run
from bot.redaction import redact
from bot.settings import Settings, load_settings

runs_cli = typer.Typer(help="Look at runs.", no_args_is_help=True)
_MOST = 10_000  # ids that are looked through for a near one


@runs_cli.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the newest runs.

    For example: theseus runs list --limit 5
    """
    runs = asyncio.run(_list_runs(load_settings(), limit))
    if as_json:
        print_json([run.model_dump(mode="json") for run in runs or ()])
    elif runs:
        now = datetime.now(UTC)
        print_table(RUNS_HEAD, [run_row(run, now) for run in runs])
    elif runs is not None:
        print_error("No runs yet. Say in the dev channel what is broken, or what is wanted.")


@runs_cli.command("show")
def show_run(
    run_id: Annotated[
        str,
        typer.Argument(
            help="Its id, such as xb3mxm: `theseus runs list` shows them.",
            autocompletion=complete_run_id,
        ),
    ],
    as_json: JsonOnTerminal = False,
) -> None:
    """Show what a run has recorded.

    Into a pipe: everything, as JSON.

    For example: theseus runs show xb3mxm --json
    """
    run, history, evidence = asyncio.run(_show_run(load_settings(), run_id))
    if should_print_json(as_json):
        print_json(
            {
                "run": run.model_dump(mode="json"),
                "records": history.model_dump(mode="json"),
                "evidence": [action.model_dump(mode="json") for action in evidence],
            }
        )
        return
    now = datetime.now(UTC)
    print_fields(run_fields(run, history, now))
    if evidence:
        say("\nThe journal's records behind its diagnosis:")
        print_table(RECORDS_HEAD, [record_row(action, now) for action in evidence])


async def _list_runs(settings: Settings, limit: int) -> Sequence[Run] | None:
    """Return the newest runs, newest first; `None` where nothing is kept, which is said."""
    kept = settings.state / "theseus.sqlite3"
    if report_if_missing(kept, "run"):
        return None
    async with SqliteStore(kept) as store:
        return await store.find(limit=limit)


async def _show_run(settings: Settings, run_id: str) -> tuple[Run, History, tuple[Action, ...]]:
    """Return a run, its records, and the journal records behind its diagnosis.

    Raises `UnknownRun`.
    """
    kept = settings.state / "theseus.sqlite3"
    if report_if_missing(kept, "run"):
        raise UnknownRun(f"There is no run {run_id}.")
    async with (
        SqliteStore(kept) as store,
        NdjsonJournal(settings.state, redact=redact) as journal,
    ):
        run = await _run(store, run_id.lower())
        history = await store.get_history(run.id)
        ids = history.diagnosis.evidence_ids if history.diagnosis else ()
        found = [await journal.get(record_id) for record_id in ids]
        return run, history, tuple(action for action in found if action is not None)


async def _run(store: SqliteStore, run_id: str) -> Run:
    """Return the run of that id. Raises `UnknownRun` with the near ones."""
    try:
        return await store.get(run_id)
    except UnknownRun:
        ids = [run.id for run in await store.find(limit=_MOST)]
    near = difflib.get_close_matches(run_id, ids, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UnknownRun(f"There is no run {run_id}; {hint}`theseus runs list` shows those there are.")
