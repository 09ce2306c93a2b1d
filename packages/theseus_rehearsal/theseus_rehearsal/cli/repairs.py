"""`--repair`: searches for an edit with which a failing script passes."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from theseus_repair.clock import MachineClock
from theseus_repair.files import write
from theseus_repair.judged_search import JudgedLimits
from theseus_repair.search import SearchProgress
from theseus_repair.source_text import decode_source

from theseus_rehearsal.behaviour_diff import format_step
from theseus_rehearsal.cli.commit_bot import CommitBot
from theseus_rehearsal.cli.runs import CommandOutput
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.repairs import RepairCase, ReplayRepair, repair_by_replays
from theseus_rehearsal.repairs.repair import CommitSource, FoundEdit
from theseus_rehearsal.repository import Repository
from theseus_rehearsal.script_files import read_expected, read_script

_SCRIPTS = (".yaml", ".yml")


@dataclass(frozen=True)
class RepairOptions:
    """The options of the command line about a repair. Raises `RehearsalError` if one is useless."""

    is_repair: bool
    script: Path | None
    others: Path | None
    seconds: float
    candidates: int
    apply: bool

    def __post_init__(self) -> None:
        """Refuse the options of a repair that is not asked for."""
        if not self.is_repair and (self.others or self.apply):
            raise RehearsalError("--others and --apply: only --repair uses them; add it.")

    def read_case(self) -> RepairCase | None:
        """Return what to repair; `None` if nothing is to be. Raises `RehearsalError`."""
        if not self.is_repair:
            return None
        if self.script is None:
            raise RehearsalError("--repair: name the script that fails with --script.")
        others = []
        if self.others is not None:
            if not self.others.is_dir():
                raise RehearsalError(f"--others: {self.others} is no folder.")
            files = sorted(each for each in self.others.iterdir() if each.suffix in _SCRIPTS)
            same = self.script.resolve()
            others = [read_script(file) for file in files if file.resolve() != same]
        return RepairCase(read_script(self.script), read_expected(self.script), tuple(others))


def repair_commit(
    bot: CommitBot,
    case: RepairCase,
    options: RepairOptions,
    output: CommandOutput,
    *,
    as_json: bool,
) -> None:
    """Search for an edit of the bot's commit, and print it; exit with code 1 if none is proven.

    Raises `RehearsalError` if the script passes, or nothing can be played.
    """
    done = asyncio.run(_repair(bot, options, case, output))
    if as_json:
        output.print_json(_build_data(done))
    else:
        for line in _render(done):
            output.say(line)
    if options.apply and done.found is not None and done.is_proven:
        _apply(bot.repository, bot.commits[0], done.found)
        if not as_json:
            output.say(f"Written to {', '.join(done.found.files)}.")
    if not done.is_proven:
        raise typer.Exit(1)


def _apply(repository: Repository, commit: str, found: FoundEdit) -> None:
    """Write an edit to the work tree. Raises `RehearsalError` if its files are not the commit's."""
    for path, text in found.before.items():
        file = repository.folder / path
        if not file.is_file() or decode_source(file.read_bytes()) != text:
            raise RehearsalError(
                f"--apply: {file} is not as in commit {commit[:7]}, so the edit is not written. "
                "Apply the diff by yourself."
            )
    write(repository.folder, found.files)


async def _repair(
    bot: CommitBot, options: RepairOptions, case: RepairCase, output: CommandOutput
) -> ReplayRepair:
    rehearsal, repository, commit = await bot.open_rehearsal(), bot.repository, bot.commits[0]
    limits = JudgedLimits(options.seconds, options.candidates)

    async with repository.open_tree(commit) as tree:
        with output.show_progress("edits played") as on_progress:

            def count(search: SearchProgress) -> None:
                on_progress(search.tried, min(search.proposed, options.candidates))

            python = bot.foreign.python if bot.foreign else None
            source = CommitSource(tree, repository.folder, commit, python=python)
            return await repair_by_replays(rehearsal, source, case, limits, MachineClock(), count)


def _build_data(done: ReplayRepair) -> dict[str, Any]:
    found = done.found
    return {
        "failing_steps": [at + 1 for at in done.failing_steps],
        "suspects": list(done.suspects),
        "edits_played": done.judged,
        "other_scripts": done.kept,
        "cut": done.is_cut,
        "proven": done.is_proven,
        "edit": found
        and {
            "why": found.candidate.why,
            "kind": found.candidate.kind,
            "place": f"{found.candidate.path}:{found.candidate.line}",
            "diff": found.diff,
            "answers": list(found.answers),
            "doubts": list(found.doubts),
            "alternatives": [
                {"why": why, "answers": answers} for why, answers in found.alternatives
            ],
        },
    }


def _render(done: ReplayRepair) -> Iterator[str]:
    steps = ", ".join(format_step(at) for at in done.failing_steps)
    end = " before the time was up" if done.is_cut else ""
    yield f"It fails {steps}. {done.judged} edits were played{end}."
    if done.found is None:
        suspects = f" The likeliest places: {', '.join(done.suspects)}." if done.suspects else ""
        yield f"No edit makes the script pass.{suspects}"
        return
    yield from _render_edit(done.found, done)


def _render_edit(found: FoundEdit, done: ReplayRepair) -> Iterator[str]:
    place = f"{found.candidate.path}:{found.candidate.line}"
    if done.is_proven:
        kept = "no other script was given, so nothing shows what else it changes"
        if done.kept:
            kept = f"the answers of {done.kept} other scripts are the same"
        yield f"Fix: {found.candidate.why} ({place}). The script passes; {kept}."
    else:
        yield f"Found, not proven: {found.candidate.why} ({place}). The script passes, but:"
        yield from (f"- {doubt}" for doubt in found.doubts)
    yield found.diff.rstrip("\n")
    yield "With it, people see:"
    yield from (f"    {line}" for line in found.answers or ("nothing",))
    if found.alternatives:
        yield "Other edits that pass:"
        yield from (f"- {why}: {answers}" for why, answers in found.alternatives)
