"""`theseus runs`: the runs in a state folder, without a running bot."""

import asyncio
from typing import Annotated

import typer

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.cli.missing_state import nothing_at
from bot.cli.output import JsonOption, print_json, say
from bot.domain.errors import UnknownRun
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.run import Run
from bot.redaction import redact
from bot.settings import Settings, settings_here

runs_cli = typer.Typer(help="Look at runs.", no_args_is_help=True)


@runs_cli.command("list")
def runs_list(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the newest runs."""
    runs = asyncio.run(_list_runs(settings_here(), limit))
    if as_json:
        print_json([run.model_dump(mode="json") for run in runs])
        return
    for run in runs:
        said = " ".join(run.trigger.text.split())
        say(f"{run.id}  {run.goal:11}  {run.status:11}  {run.stage:8}  {said}")


@runs_cli.command("show")
def runs_show(
    run_id: Annotated[str, typer.Argument(help="Its id, such as xb3mxm: `runs list` shows them.")],
) -> None:
    """Show everything a run has recorded, as JSON."""
    run, history, evidence = asyncio.run(_show_run(settings_here(), run_id))
    print_json(
        {
            "run": run.model_dump(mode="json"),
            "records": history.model_dump(mode="json"),
            "evidence": [action.model_dump(mode="json") for action in evidence],
        }
    )


async def _list_runs(settings: Settings, limit: int) -> tuple[Run, ...]:
    """Return the newest runs, newest first."""
    kept = settings.state / "theseus.sqlite3"
    if nothing_at(kept, "run"):
        return ()
    async with SqliteStore(kept) as store:
        return await store.find(limit=limit)


async def _show_run(settings: Settings, run_id: str) -> tuple[Run, History, tuple[Action, ...]]:
    """Return a run, its records, and the journal records behind its diagnosis.

    Raises `UnknownRun`.
    """
    kept = settings.state / "theseus.sqlite3"
    if nothing_at(kept, "run"):
        raise UnknownRun(f"There is no run {run_id}.")
    async with (
        SqliteStore(kept) as store,
        NdjsonJournal(settings.state, redact=redact) as journal,
    ):
        run, history = await store.get(run_id.lower()), await store.history(run_id.lower())
        ids = history.diagnosis.evidence_ids if history.diagnosis else ()
        found = [await journal.get(record_id) for record_id in ids]
        return run, history, tuple(action for action in found if action is not None)
