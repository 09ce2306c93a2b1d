"""Which of several green candidates is the fix, and how far it can be believed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.proof import find_hazards
from bot.repair.behaviour import Behaviour, find_difference, is_comparable
from bot.repair.calls import CallQuestion, RecordedCall, choose_question
from bot.repair.candidate_gate import Ruling
from bot.repair.model import Candidate, ChangedCall, Rival, Texts

RIVALS = 3
TOKEN_LENGTH = 5  # characters: `- 1` with its blanks is none more


@dataclass(frozen=True, slots=True)
class ConfirmedCandidate:
    """A candidate that is green and that the gate let through."""

    candidate: Candidate
    files: Texts
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class SelectedFix:
    """The candidate that is proposed.

    `behaviour` is what it does to `calls`. `rivals` are others that nothing tells from it but a
    person's answer. `losses` are calls that it ends worse, or otherwise than a passing test saw
    them end, and those it answers that were refused. `question` is what tells it from
    all the `others` that are rivals. `unlike` are edits of which no call tells how they compare,
    `alike` those that no call tells from it.
    """

    chosen: ConfirmedCandidate
    behaviour: Behaviour
    calls: tuple[RecordedCall, ...] = ()
    rivals: tuple[Rival, ...] = ()
    losses: tuple[ChangedCall, ...] = ()
    others: tuple[Candidate, ...] = ()
    question: CallQuestion | None = None
    unlike: tuple[Candidate, ...] = ()
    indistinguishable: tuple[Candidate, ...] = ()


Row = tuple[ConfirmedCandidate, Behaviour]


class CallComparison(Protocol):
    """Tells what candidates do to calls that are made again: a `BehaviourComparison`."""

    @property
    def calls(self) -> Sequence[RecordedCall]:
        """Return the calls, as the last comparison made them."""
        ...

    async def compare(self, candidates: Sequence[Texts]) -> list[Behaviour]:
        """Return what each of these new texts changes, in their order."""
        ...


class FixSelection:
    """Selects by behaviour first, then by what kind of edit it is, then by rank.

    Of those that no call tells apart the likeliest is taken, of undoings the smallest.

    `crashed` says that the failing call raises: then every call that answers today should go on
    answering what it does. Where a test asks for another answer, other calls may change as well.
    """

    def __init__(self, before: Texts, comparison: CallComparison, *, crashed: bool) -> None:
        self._before, self._comparison, self._crashed = before, comparison, crashed

    async def select(
        self,
        confirmed: Sequence[ConfirmedCandidate],
        doubtful: Sequence[ConfirmedCandidate] = (),
    ) -> SelectedFix:
        """Return the one to propose; there has to be one at least.

        Those that are `doubtful` are not proposed, but they pass as well: they are rivals.
        """
        behaviours = await self._comparison.compare(
            [each.files for each in (*confirmed, *doubtful)]
        )
        passing = list(zip((*confirmed, *doubtful), behaviours, strict=True))
        rows = passing[: len(confirmed)]
        best = min(
            rows,
            key=lambda row: (self._measure_harm(row[1]), self._is_hazardous(row[0]), -_rank(row)),
        )
        equal = [row for row in rows if self._is_same(best[1], row[1])]
        chosen, behaviour = self._find_widest(min(equal, key=self._rank_plainness), rows)
        whole = chosen.ruling.proof == "undo"
        pairs = list(self._find_rivals(chosen.candidate, behaviour, passing))
        rivals = tuple(rival for rival, _ in pairs)
        ends = [behaviour.outcomes, *(other.outcomes for _, other in pairs)]
        # What was there before a commit is no guess: it is not asked about.
        question = None if whole else choose_question(self._comparison.calls, ends)
        losses = (*behaviour.broken, *behaviour.changed, *behaviour.admitted)
        others = tuple(rival.candidate for rival in rivals)
        unlike = tuple(
            each.candidate
            for each, other in rows
            if each is not chosen
            and not is_wider(chosen.candidate, each.candidate)
            and not is_comparable(behaviour, other)
        )
        alike = tuple(
            each.candidate
            for each, other in rows
            if each is not chosen
            and each.candidate not in unlike
            and not is_wider(each.candidate, chosen.candidate)
            and not is_wider(chosen.candidate, each.candidate)
            and self._is_same(behaviour, other)
        )
        calls = tuple(self._comparison.calls)
        return SelectedFix(
            chosen, behaviour, calls, rivals[:RIVALS], losses, others, question, unlike, alike
        )

    def _find_widest(self, chosen: Row, rows: Sequence[Row]) -> Row:
        """Return the same edit at all equal places, where calls that failed answer with it."""
        for each in rows:
            if is_wider(each[0].candidate, chosen[0].candidate) and self._has_more_fixes(
                each[1], chosen[1]
            ):
                return each
        return chosen

    def _has_more_fixes(self, behaviour: Behaviour, chosen: Behaviour) -> bool:
        """Whether all it changes is that calls answer which raise or hang with what was chosen."""
        if self._measure_harm(behaviour) > self._measure_harm(chosen):
            return False
        pairs = zip(chosen.outcomes, behaviour.outcomes, strict=True)
        known = [
            (ours, theirs) for ours, theirs in pairs if "unknown" not in (ours.how, theirs.how)
        ]
        other = [(ours.how, theirs.how) for ours, theirs in known if ours.mark != theirs.mark]
        return bool(other) and all(
            ours in ("raise", "late") and theirs == "answer" for ours, theirs in other
        )

    def _measure_harm(self, behaviour: Behaviour) -> tuple[int, int, int, int]:
        """Return how much worse things are with it: the smaller, the better."""
        moved = len(behaviour.moved) if self._crashed else 0
        return (len(behaviour.broken), len(behaviour.changed), len(behaviour.admitted), moved)

    def _is_hazardous(self, each: ConfirmedCandidate) -> bool:
        """Whether it may only quiet the failure, and nobody has said that it mends it."""
        if each.ruling.proof in ("undo", "answer"):
            return False
        return each.candidate.kind == "revert" or bool(find_hazards(self._before, each.files))

    def _rank_plainness(self, row: Row) -> tuple[bool, bool, bool, int, float]:
        """Return what puts one before others that no call tells from it: the smaller, the better.

        A whole commit taken back first, what was there before next (of that the fewest
        characters), then what adds no more than a word, then the likeliest.
        """
        each = row[0]
        edits = each.candidate.edits
        if each.candidate.kind == "revert":
            size = sum(edit.end - edit.start + len(edit.text) for edit in edits)
            return (each.ruling.proof != "undo", False, self._is_hazardous(each), size, 0.0)
        added = sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
        return (True, True, self._is_hazardous(each), max(0, added) // TOKEN_LENGTH, -_rank(row))

    def _is_same(self, one: Behaviour, other: Behaviour) -> bool:
        """Whether no call that was made again tells the two apart."""
        return find_difference(self._comparison.calls, one, other) is None

    def _find_rivals(
        self, best: Candidate, chosen: Behaviour, rows: Sequence[Row]
    ) -> Iterator[tuple[Rival, Behaviour]]:
        """Yield those that do as little harm as what was chosen, and answer some call otherwise."""
        for each, behaviour in rows:
            if is_wider(best, each.candidate):
                continue  # it mends a part of what is mended
            call = find_difference(self._comparison.calls, chosen, behaviour)
            if call is not None and self._measure_harm(behaviour) <= self._measure_harm(chosen):
                told = Rival(each.candidate, each.files, call.call, call.before, call.after)
                yield told, behaviour


def is_wider(candidate: Candidate, other: Candidate) -> bool:
    """Return whether a candidate is the other one, made at all equal places."""
    return bool(candidate.also) and not other.also and set(other.edits) < set(candidate.edits)


def _rank(row: Row) -> float:
    return row[0].candidate.rank
