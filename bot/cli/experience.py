"""`theseus experience`: works past runs again, and says what is better, worse or the same."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.cli.output import print_json, say
from bot.cli.tables import Cell, Row, print_table
from bot.domain.experience import CaseTrial, ExperienceReport
from bot.settings import load_settings

_HEAD = ("run", "fault", "was", "is", "result", "seconds", "why")
_RESULTS = {True: "solved", False: "not solved", None: "not measured"}


def replay_cases(
    cases: Annotated[
        int | None, typer.Option(min=1, max=100, help="Work at most this many runs again.")
    ] = None,
    usd: Annotated[
        float | None, typer.Option(min=0, help="Spend at most this many US dollars.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Take at most this many seconds.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="Use the prompts and skills of this folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Work past runs again with today's engine and prompts, and compare the results.

    Nothing is proposed or shipped. The bot must not be running. The limits are those of
    `experience` in data/config.yaml, unless options change them. Exit code 1: a run went worse, or
    nothing could be compared.

    Example: theseus experience --cases 10 --prompts ../changed/prompts
    """
    # Imported late: this is most of the bot.
    from bot.app.experience import replay_experience

    settings = load_settings()
    chosen = {"cases": cases, "usd": usd, "seconds": seconds}
    limits = settings.config.experience.replace(
        **{name: value for name, value in chosen.items() if value is not None}
    )
    report = asyncio.run(replay_experience(settings, limits, prompts or settings.root / "prompts"))
    _print_report(report, as_json=as_json)
    if report.count("worse") or len(report.trials) == report.count("unmeasured"):
        raise typer.Exit(1)


def _print_report(report: ExperienceReport, *, as_json: bool) -> None:
    if as_json:
        print_json({**report.model_dump(mode="json"), "summary": report.summary})
        return
    if report.trials:
        print_table(_HEAD, [_build_row(each) for each in report.trials])
    say(report.summary if report.trials else "No ended run can be worked again yet.")


def _build_row(trial: CaseTrial) -> Row:
    return (
        Cell(trial.run_id, "bold"),
        trial.fault,
        _RESULTS[trial.was_solved],
        _RESULTS[trial.solved],
        trial.comparison,
        f"{trial.seconds:.0f}",
        Cell(trial.why, "dim"),
    )
