"""The repair of a commit that a failing script shows: search, judge, and choose."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from theseus_repair.clock import Clock
from theseus_repair.files import build_diff
from theseus_repair.hazards import find_hazards
from theseus_repair.judged_search import JudgedLimits, load_problem, search_judged
from theseus_repair.model import Candidate, Problem, SearchReport, Texts
from theseus_repair.search import OnProgress, ignore_progress
from theseus_repair.tidy import format_texts

from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.repairs.cases import (
    RepairCase,
    build_observation,
    find_failing_steps,
    replay_twice,
)
from theseus_rehearsal.repairs.judge import PassedEdit, ReplayJudge

ALTERNATIVES = 5
LIKELY = 0.5
# Kinds of edits that change how the library is used, and not what the bot tells people. A similar
# name of the library is not among them: it may be another thing (`vanity_url` for `icon_url`).
USE = {"await", "response", "super", "time"}
UNSTATED = "the script does not state the right answer, so nothing shows that this is it"


class FoundEdit(NamedTuple):
    """An edit with which the failing script passes.

    `doubts` are the reasons why it is not proven. `before` and `files` are the texts of the edited
    files. `answers` are what people see at the failing steps, one line each. `alternatives` are
    other edits that pass, with their answers.
    """

    candidate: Candidate
    before: Texts
    files: Texts
    diff: str
    answers: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()


class ReplayRepair(NamedTuple):
    """The result of a repair. `suspects` are the likeliest places, as `file:line`.

    `kept` is how many other scripts had to keep their answers, `judged` how many edits were played.
    """

    failing_steps: tuple[int, ...]
    suspects: tuple[str, ...]
    judged: int
    kept: int
    found: FoundEdit | None = None
    is_cut: bool = False

    @property
    def is_proven(self) -> bool:
        """True if nothing speaks against the edit."""
        return self.found is not None and not self.found.doubts


class CommitSource(NamedTuple):
    """The code to repair: a commit's files in `tree`, and the repository with its history.

    Only the files in `allowed` may change; if empty, any but tests may. `python` is the bot's: what
    its discord.py has says what the code can use.
    """

    tree: Path
    repository: Path
    commit: str
    allowed: tuple[str, ...] = ()
    python: Path | None = None


async def repair_by_replays(
    rehearsal: Rehearsal,
    source: CommitSource,
    case: RepairCase,
    limits: JudgedLimits,
    clock: Clock,
    on_progress: OnProgress = ignore_progress,
) -> ReplayRepair:
    """Search for an edit with which the failing script passes, and no other one changes.

    Raises `RehearsalError` if nothing fails, or nothing can be played.
    """
    async with rehearsal.open(source.tree) as runner:
        replayed = await replay_twice([case.script, *case.others], runner)
    failing_steps = find_failing_steps(replayed[0], case.expected)
    observed = build_observation(replayed, failing_steps)
    problem = await load_problem(
        observed, source.tree, source.repository, source.commit, source.python, source.allowed
    )
    judge = ReplayJudge(rehearsal, source.tree, case, replayed, failing_steps)
    choice = _Choice(problem, judge, states_answers=case.expected is not None)
    report = await search_judged(
        problem, judge, limits, clock, confirm=choice.confirm, on_progress=on_progress
    )
    found = await choice.choose(source.tree)
    return _build_result(failing_steps, report, len(case.others), found)


def _build_result(
    failing_steps: tuple[int, ...], report: SearchReport, kept: int, found: FoundEdit | None
) -> ReplayRepair:
    suspects = tuple(f"{path}:{line}" for path, line, _ in report.suspects)
    return ReplayRepair(failing_steps, suspects, report.attempts, kept, found, report.cut)


class _Choice:
    """Chooses among the edits that pass; `confirm` implements `theseus_repair.search.Confirm`."""

    def __init__(self, problem: Problem, judge: ReplayJudge, *, states_answers: bool) -> None:
        self._problem, self._judge = problem, judge
        self._states_answers = states_answers
        self._passing: list[tuple[Candidate, PassedEdit]] = []

    async def confirm(self, candidate: Candidate, files: Texts) -> bool:
        """Note an edit that passes; return whether other scripts answer as before."""
        passed = self._judge.passed[frozenset(files.items())]
        self._passing.append((candidate, passed))
        return not passed.changes

    async def choose(self, root: Path) -> FoundEdit | None:
        """Return the best edit, with all that speaks against it; `None` if none passes."""
        if not self._passing:
            return None
        weighed = [(self._list_own_doubts(*each), *each) for each in self._passing]
        doubts, candidate, passed = min(weighed, key=lambda each: (len(each[0]), -each[1].rank))
        others = [each for each in self._passing if each[0] is not candidate]
        texts = self._problem.texts
        files = await format_texts(root, texts, candidate.apply(texts))
        return FoundEdit(
            candidate,
            {path: texts[path] for path in files},
            files,
            build_diff(root, files),
            tuple(line for lines in passed.answers for line in lines),
            (*doubts, *self._list_rival_doubts(candidate, passed, others)),
            tuple((each.why, _join_lines(other)) for each, other in others[:ALTERNATIVES]),
        )

    def _list_own_doubts(self, candidate: Candidate, passed: PassedEdit) -> list[str]:
        doubts = [f"another script answers differently: {change}" for change in passed.changes[:3]]
        if not self._states_answers:
            texts = self._problem.texts
            hazards = find_hazards(texts, candidate.apply(texts))
            kinds = dict.fromkeys(hazard.description for hazard in hazards)
            doubts += [f"it {kind}, and the script does not state the answer" for kind in kinds]
            doubts += [UNSTATED] if candidate.kind not in USE and not doubts else []
        return [*doubts, *([candidate.caveat] if candidate.caveat else [])]

    def _list_rival_doubts(
        self,
        candidate: Candidate,
        passed: PassedEdit,
        others: Sequence[tuple[Candidate, PassedEdit]],
    ) -> list[str]:
        """Return a doubt if another edit passes as well, and may be the right one.

        Edits of how the library is used are only compared by what people see, with edits that are
        half as likely at least.
        """
        rivals = [each for each in others if not each[1].changes]
        if candidate.kind in USE:
            least = LIKELY * candidate.rank
            rivals = [each for each in rivals if each[0].kind in USE or each[0].rank >= least]
        for rival, other in rivals:
            if other.answers != passed.answers:
                return [f"{rival.why} passes as well, and people see {_join_lines(other)}"]
        if rivals and candidate.kind not in USE:
            return [f"{rivals[0][0].why} passes as well, and no script tells the two apart"]
        return []


def _join_lines(passed: PassedEdit) -> str:
    text = " / ".join(line.strip() for lines in passed.answers for line in lines) or "nothing"
    return f"“{text}”" if len(text) <= 160 else f"“{text[:159]}…”"
