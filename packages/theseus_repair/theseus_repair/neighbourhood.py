"""Checks whether the tests distinguish a fix from small further edits of the same code.

A fix is only as reliable as the tests that would notice a wrong one. So the fixed code is edited
again in many ways; the tests have to fail with each edit, or the functions have to answer as with
the fix.
"""

import asyncio
from dataclasses import dataclass, replace
from itertools import islice

from theseus_repair.behaviour import BehaviourComparison, find_difference, is_comparable
from theseus_repair.calls import CallQuestion, choose_question
from theseus_repair.model import Candidate, Rival, SourceEdit, Texts
from theseus_repair.neighbour_edits import (
    HELD,
    SAME,
    iterate_neighbour_edits,
    iterate_other_values,
    iterate_value_twins,
)
from theseus_repair.search import Judge
from theseus_repair.witnesses import Witnesses

TWINS = 24  # edits; each takes a run of the tests
NOTICED = 4  # edits that the tests have to notice, at least


@dataclass(frozen=True, slots=True)
class FixNeighbours:
    """The neighbours of a fix: whether the tests distinguish it from them, and those they do not.

    `idle` is an edit of a condition to a fixed truth that changes nothing, `same` an edit to
    another expression with the same value in all tests. `others` are the rivals, each as one edit
    of the text before; `question` is a call that distinguishes the fix from them.
    """

    is_distinguished: bool
    idle: str = ""
    same: str = ""
    rivals: tuple[Rival, ...] = ()
    others: tuple[Candidate, ...] = ()
    question: CallQuestion | None = None


class Neighbourhood:
    """Examines the neighbours of a fix of `before`.

    `judge` runs the tests; `witnesses` judges by other failing tests.
    """

    def __init__(
        self, before: Texts, judge: Judge, comparison: BehaviourComparison, witnesses: Witnesses
    ) -> None:
        self._before, self._judge, self._comparison = before, judge, comparison
        self._witnesses = witnesses

    async def examine(self, chosen: Candidate, fix: Texts) -> FixNeighbours:
        """Return the neighbours of a fix, and whether the tests distinguish it from them.

        They do not if they notice too few edits, or if an unnoticed edit cannot be compared.
        """
        nearby = list(iterate_neighbour_edits(self._before, fix))
        twins = iterate_value_twins(self._before, fix)
        neighbours = [*nearby, *iterate_other_values(self._before, fix), *islice(twins, TWINS)]
        judged = await asyncio.gather(*(self._judge.judge(files) for _, files in neighbours))
        unnoticed = [
            each for each, judgement in zip(neighbours, judged, strict=True) if judgement.is_passing
        ]
        unnoticed = await self._witnesses.select_passing(fix, unnoticed)
        passing = {id(each) for each in unnoticed}
        noticed = sum(id(each) not in passing for each in nearby)
        if not unnoticed:
            return FixNeighbours(is_distinguished=noticed >= NOTICED)
        own, *behaviours = await self._comparison.compare([fix, *(files for _, files in unnoticed)])
        calls, rivals, ends = self._comparison.calls, [], [own.outcomes]
        others, indistinct = [], dict[str, str]()
        for (candidate, files), behaviour in zip(unnoticed, behaviours, strict=True):
            call = find_difference(calls, own, behaviour)
            if call is not None:
                others.append(self._from_before(chosen, candidate, files))
                rivals.append(Rival(others[-1], files, call.call, call.before, call.after))
                ends.append(behaviour.outcomes)
            else:
                indistinct.setdefault(candidate.kind, candidate.why)
        known = all(is_comparable(own, behaviour) for behaviour in behaviours)
        idle, same = indistinct.get(HELD, ""), indistinct.get(SAME, "")
        return FixNeighbours(
            is_distinguished=known and noticed >= NOTICED and not (rivals or idle or same),
            idle=idle,
            same=same,
            rivals=tuple(rivals),
            others=tuple(others),
            question=choose_question(calls, ends),
        )

    def _from_before(self, chosen: Candidate, candidate: Candidate, files: Texts) -> Candidate:
        """Return a neighbour of the fix as one edit per file of the text before."""
        edits = tuple(
            SourceEdit(path, 0, len(self._before[path]), text)
            for path, text in files.items()
            if text != self._before[path]
        )
        why = f"this and then {candidate.why}"
        return replace(candidate, edits=edits, why=why, rank=chosen.rank)
