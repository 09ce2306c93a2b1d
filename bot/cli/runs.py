"""`theseus runs`: lists and shows runs, without a running bot."""

import asyncio
import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.adapters.sqlite_store import SqlStore
from bot.app.state_stores import StateStores
from bot.cli.missing_state import report_if_missing
from bot.cli.output import JsonOnTerminal, print_error, print_json, say, should_print_json
from bot.cli.run_ids import complete_run_id
from bot.cli.run_text import RECORDS_HEAD, RUNS_HEAD, record_row, run_fields, run_row
from bot.cli.tables import print_fields, print_table
from bot.domain.errors import UnknownRun
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.run import Run
from bot.settings import Settings, load_settings

runs_cli = typer.Typer(help="List and show runs.", no_args_is_help=True)
_MOST = 10_000  # ids that are searched for one similar to a mistyped id


@runs_cli.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many runs.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the newest runs.

    Example: theseus runs list --limit 5
    """
    runs = asyncio.run(_list_runs(load_settings(), limit))
    if as_json:
        print_json([run.model_dump(mode="json") for run in runs or ()])
    elif runs:
        now = datetime.now(UTC)
        print_table(RUNS_HEAD, [run_row(run, now) for run in runs])
    elif runs is not None:
        print_error("There are no runs yet. Report a bug or ask for a change in the dev channel.")


@runs_cli.command("show")
def show_run(
    run_id: Annotated[
        str,
        typer.Argument(
            help="The id of the run, such as xb3mxm; `theseus runs list` shows the ids.",
            autocompletion=complete_run_id,
        ),
    ],
    as_json: JsonOnTerminal = False,
) -> None:
    """Show a run and its records.

    In a pipe, all records are printed as JSON.

    Example: theseus runs show xb3mxm --json
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
        say("\nThe journal records behind the diagnosis:")
        print_table(RECORDS_HEAD, [record_row(action, now) for action in evidence])


async def _list_runs(settings: Settings, limit: int) -> Sequence[Run] | None:
    """Return the newest runs, newest first, or `None` if there is no store (which is reported)."""
    stores = StateStores.find(settings.state, settings.environment)
    if report_if_missing(stores.find_missing_file(), "run"):
        return None
    async with stores.build_store() as store:
        return await store.find(limit=limit)


async def _show_run(settings: Settings, run_id: str) -> tuple[Run, History, tuple[Action, ...]]:
    """Return a run, its records, and the journal records behind its diagnosis.

    Raises `UnknownRun`.
    """
    stores = StateStores.find(settings.state, settings.environment)
    if report_if_missing(stores.find_missing_file(), "run"):
        raise UnknownRun(f"There is no run {run_id}.")
    async with (
        stores.build_store() as store,
        stores.build_journal() as journal,
    ):
        run = await _run(store, run_id.lower())
        history = await store.get_history(run.id)
        ids = history.diagnosis.evidence_ids if history.diagnosis else ()
        found = [await journal.get(record_id) for record_id in ids]
        return run, history, tuple(action for action in found if action is not None)


async def _run(store: SqlStore, run_id: str) -> Run:
    """Return the run of that id. Raises `UnknownRun`, which names a similar id if there is one."""
    try:
        return await store.get(run_id)
    except UnknownRun:
        ids = [run.id for run in await store.find(limit=_MOST)]
    near = difflib.get_close_matches(run_id, ids, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UnknownRun(f"There is no run {run_id}; {hint}`theseus runs list` shows all runs.")
