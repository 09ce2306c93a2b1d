"""Chooses the fix among several passing candidates, and says how reliable it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from theseus_repair.behaviour import Behaviour, find_difference, is_comparable
from theseus_repair.calls import CallQuestion, RecordedCall, choose_question
from theseus_repair.candidate_gate import Ruling
from theseus_repair.hazards import find_hazards
from theseus_repair.model import Candidate, ChangedCall, Rival, Texts

RIVALS = 3
TOKEN_LENGTH = 5  # characters; an addition such as ` - 1` counts as no additional token


@dataclass(frozen=True, slots=True)
class ConfirmedCandidate:
    """A candidate that passes and that the gate accepted."""

    candidate: Candidate
    files: Texts
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class SelectedFix:
    """The candidate that is proposed.

    `behaviour` is its effect on `calls`. `rivals` are others that only a person's answer
    distinguishes from it. `losses` are calls that end worse with it, or differently than a passing
    test saw, and calls that were refused before and answer now. `question` distinguishes it from
    all the `others` that are rivals. `unlike` are edits that cannot be compared with it by any
    call, `indistinguishable` those that no call distinguishes from it.
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
    """Compares candidates by replayed calls: a `BehaviourComparison`."""

    @property
    def calls(self) -> Sequence[RecordedCall]:
        """The calls of the last comparison."""
        ...

    async def compare(self, candidates: Sequence[Texts]) -> list[Behaviour]:
        """Return what each of these new texts changes, in their order."""
        ...


class FixSelection:
    """Selects by behaviour first, then by the kind of edit, then by rank.

    Among candidates that no call distinguishes, the likeliest is selected; among reverts the
    smallest.

    `crashed` says that the failing call raises: then every call that answers now should keep its
    answer. If a test asks for another answer, other answers may change as well.
    """

    def __init__(self, before: Texts, comparison: CallComparison, *, crashed: bool) -> None:
        self._before, self._comparison, self._crashed = before, comparison, crashed

    async def select(
        self,
        confirmed: Sequence[ConfirmedCandidate],
        doubtful: Sequence[ConfirmedCandidate] = (),
    ) -> SelectedFix:
        """Return the candidate to propose; `confirmed` has at least one.

        `doubtful` candidates are not proposed, but they pass as well: they are rivals.
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
        is_full_revert = chosen.ruling.proof == "undo"
        pairs = list(self._find_rivals(chosen.candidate, behaviour, passing))
        rivals = tuple(rival for rival, _ in pairs)
        ends = [behaviour.outcomes, *(other.outcomes for _, other in pairs)]
        # A complete revert restores known code and is not a guess, so no question is asked.
        question = None if is_full_revert else choose_question(self._comparison.calls, ends)
        losses = (*behaviour.broken, *behaviour.changed, *behaviour.admitted)
        others = tuple(rival.candidate for rival in rivals)
        unlike = tuple(
            each.candidate
            for each, other in rows
            if each is not chosen
            and not is_wider(chosen.candidate, each.candidate)
            and not is_comparable(behaviour, other)
        )
        indistinct = tuple(
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
            chosen, behaviour, calls, rivals[:RIVALS], losses, others, question, unlike, indistinct
        )

    def _find_widest(self, chosen: Row, rows: Sequence[Row]) -> Row:
        """Return the same edit at all equal places, if failing calls answer with it."""
        for row in rows:
            if is_wider(row[0].candidate, chosen[0].candidate) and self._has_more_fixes(
                row[1], chosen[1]
            ):
                return row
        return chosen

    def _has_more_fixes(self, behaviour: Behaviour, chosen: Behaviour) -> bool:
        """Return whether it only adds answers to calls that raise or hang with the chosen one."""
        if self._measure_harm(behaviour) > self._measure_harm(chosen):
            return False
        pairs = zip(chosen.outcomes, behaviour.outcomes, strict=True)
        known = [(old, new) for old, new in pairs if "unknown" not in (old.how, new.how)]
        other = [(old.how, new.how) for old, new in known if old.mark != new.mark]
        return bool(other) and all(
            old in ("raise", "late") and new == "answer" for old, new in other
        )

    def _measure_harm(self, behaviour: Behaviour) -> tuple[int, int, int, int]:
        """Return a sort key of the harm: smaller is better."""
        moved = len(behaviour.moved) if self._crashed else 0
        return (len(behaviour.broken), len(behaviour.changed), len(behaviour.admitted), moved)

    def _is_hazardous(self, each: ConfirmedCandidate) -> bool:
        """Return whether it may only silence the failure, and no one stated that it is right."""
        if each.ruling.proof in ("undo", "answer"):
            return False
        return each.candidate.kind == "revert" or bool(find_hazards(self._before, each.files))

    def _rank_plainness(self, row: Row) -> tuple[bool, bool, bool, int, float]:
        """Return a sort key for candidates that no call distinguishes: smaller is better.

        A complete revert comes first, then earlier code (the fewest characters), then the edit that
        adds the least code, then the likeliest.
        """
        each = row[0]
        edits = each.candidate.edits
        if each.candidate.kind == "revert":
            size = sum(edit.end - edit.start + len(edit.text) for edit in edits)
            return (each.ruling.proof != "undo", False, self._is_hazardous(each), size, 0.0)
        added = sum(len(edit.text) - (edit.end - edit.start) for edit in edits)
        return (True, True, self._is_hazardous(each), max(0, added) // TOKEN_LENGTH, -_rank(row))

    def _is_same(self, one: Behaviour, other: Behaviour) -> bool:
        """Return whether no replayed call distinguishes the two."""
        return find_difference(self._comparison.calls, one, other) is None

    def _find_rivals(
        self, best: Candidate, chosen: Behaviour, rows: Sequence[Row]
    ) -> Iterator[tuple[Rival, Behaviour]]:
        """Yield candidates with as little harm as the chosen one, and another answer somewhere."""
        for each, behaviour in rows:
            if is_wider(best, each.candidate):
                continue  # it fixes only a part of what the chosen one fixes
            call = find_difference(self._comparison.calls, chosen, behaviour)
            if call is not None and self._measure_harm(behaviour) <= self._measure_harm(chosen):
                rival = Rival(each.candidate, each.files, call.call, call.before, call.after)
                yield rival, behaviour


def is_wider(candidate: Candidate, other: Candidate) -> bool:
    """Return whether a candidate is the other one, made at all equal places."""
    return bool(candidate.also) and not other.also and set(other.edits) < set(candidate.edits)


def _rank(row: Row) -> float:
    return row[0].candidate.rank
