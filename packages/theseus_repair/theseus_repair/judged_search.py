"""Searches for a fix that something else than tests judges, such as replays of a bot."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from theseus_repair.clock import Clock
from theseus_repair.files import load_changeable_texts
from theseus_repair.history import load_templates
from theseus_repair.library_reader import load_used_library
from theseus_repair.model import Crash, Problem, SearchReport
from theseus_repair.runner import Lines
from theseus_repair.search import (
    Confirm,
    Judge,
    OnProgress,
    SearchLimits,
    accept_all,
    ignore_progress,
    search,
)
from theseus_repair.suspects import load_suspect_hunks

CONSIDERED = 24  # candidates that are judged before one is chosen, if time allows
CLOSING_SECONDS = 15.0
PROPOSING = 0.08  # share of the time to generate edits: only the likeliest are tried
FIRST_REVERTS = 4  # each candidate starts a bot, and single edits fix more of the faults


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a failure: `crashes`, and by run, the lines it executed by path.

    `failing` and `passing` are the names of the runs.
    """

    crashes: tuple[Crash, ...] = ()
    coverage: Mapping[str, Lines] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()
    passing: frozenset[str] = frozenset()

    def list_files(self) -> list[str]:
        """Return the files of the failure, the likeliest first."""
        wanted: dict[str, None] = {}
        for crash in self.crashes:
            wanted.update(dict.fromkeys(frame.path for frame in reversed(crash.frames)))
        for run in sorted(self.failing):
            wanted.update(dict.fromkeys(self.coverage.get(run, {})))
        return list(wanted)


async def load_problem(
    observed: Observation,
    tree: Path,
    repository: Path,
    revision: str,
    python: Path | None = None,
    allowed: Iterable[str] = (),
) -> Problem:
    """Return the problem of a failure of the code in `tree`: a revision of `repository`.

    `python` is the bot's. `allowed` limits the files that may change; if empty, any but tests may.
    """
    texts = load_changeable_texts(tree, observed.list_files(), tuple(allowed), ())
    return Problem(
        texts=texts,
        crashes=observed.crashes,
        hunks=tuple(await load_suspect_hunks(repository, revision=revision)),
        coverage=observed.coverage,
        failing=observed.failing,
        passing=observed.passing,
        library=await asyncio.to_thread(load_used_library, python, texts),
        templates=await load_templates(repository, revision),
    )


@dataclass(frozen=True, slots=True)
class JudgedLimits:
    """The limits of a search: its time, the candidates that are judged, and how many at once."""

    seconds: float = 300.0
    candidates: int = 60
    width: int = 2


async def search_judged(
    problem: Problem,
    judge: Judge,
    limits: JudgedLimits,
    clock: Clock,
    *,
    confirm: Confirm = accept_all,
    on_progress: OnProgress = ignore_progress,
) -> SearchReport:
    """Search for candidates that the judge lets pass, and that `confirm` accepts.

    The report's `confirmed` are all of them. Nothing is written.
    """
    considered = min(CONSIDERED, limits.candidates)
    return await search(
        problem,
        judge,
        budget_seconds=limits.seconds,
        closing_seconds=CLOSING_SECONDS,
        clock=clock,
        width=limits.width,
        on_progress=on_progress,
        confirm=confirm,
        limits=SearchLimits(considered, limits.candidates, FIRST_REVERTS, PROPOSING),
    )


__all__ = ["JudgedLimits", "Observation", "load_problem", "search_judged"]
