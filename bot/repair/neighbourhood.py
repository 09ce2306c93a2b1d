"""Whether the tests tell a fix from edits next to it: small edits of what was edited, tried out.

A fix is believed for what its tests would notice. So what it edited is edited again, in many ways;
the tests have to fail with each, or the functions have to answer as they do with the fix.
"""

import asyncio
from dataclasses import dataclass, replace
from itertools import islice

from bot.repair.behaviour import BehaviourComparison, find_difference, is_comparable
from bot.repair.calls import CallQuestion, choose_question
from bot.repair.model import Candidate, Rival, SourceEdit, Texts
from bot.repair.neighbour_edits import (
    HELD,
    SAME,
    iterate_neighbour_edits,
    iterate_other_values,
    iterate_value_twins,
)
from bot.repair.search import Judge
from bot.repair.witnesses import Witnesses

TWINS = 24
NOTICED = 4  # edits that the tests have to notice, at least


@dataclass(frozen=True, slots=True)
class FixNeighbours:
    """What is around a fix: whether the tests tell it from its neighbours, and those they do not.

    `idle` is an edit of a condition to a fixed truth that changes nothing, `same` one that puts in
    what has the same value wherever they look. `others` are the rivals,
    each as one edit of the text before; `question` tells the fix from them.
    """

    is_distinguished: bool
    idle: str = ""
    same: str = ""
    rivals: tuple[Rival, ...] = ()
    others: tuple[Candidate, ...] = ()
    question: CallQuestion | None = None


class Neighbourhood:
    """Looks around a fix of `before`; `judge` says what the tests say, and `witnesses` what those
    say that failed beside them."""

    def __init__(
        self, before: Texts, judge: Judge, comparison: BehaviourComparison, witnesses: Witnesses
    ) -> None:
        self._before, self._judge, self._comparison = before, judge, comparison
        self._witnesses = witnesses

    async def examine(self, chosen: Candidate, fix: Texts) -> FixNeighbours:
        """Return what is around a fix, which the tests may not tell from its neighbours.

        They do not where too few edits are noticed, or where one that is not cannot be compared.
        """
        beside = list(iterate_neighbour_edits(self._before, fix))
        twins = iterate_value_twins(self._before, fix)
        neighbours = [*beside, *iterate_other_values(self._before, fix), *islice(twins, TWINS)]
        judged = await asyncio.gather(*(self._judge.judge(files) for _, files in neighbours))
        green = [
            each for each, judgement in zip(neighbours, judged, strict=True) if judgement.is_passing
        ]
        green = await self._witnesses.select_passing(fix, green)
        passing = {id(each) for each in green}
        noticed = sum(id(each) not in passing for each in beside)
        if not green:
            return FixNeighbours(is_distinguished=noticed >= NOTICED)
        ours, *behaviours = await self._comparison.compare([fix, *(files for _, files in green)])
        calls, rivals, ends = self._comparison.calls, [], [ours.outcomes]
        others, alike = [], dict[str, str]()
        for (candidate, files), behaviour in zip(green, behaviours, strict=True):
            call = find_difference(calls, ours, behaviour)
            if call is not None:
                others.append(self._from_before(chosen, candidate, files))
                rivals.append(Rival(others[-1], files, call.call, call.before, call.after))
                ends.append(behaviour.outcomes)
            else:
                alike.setdefault(candidate.kind, candidate.why)
        known = all(is_comparable(ours, behaviour) for behaviour in behaviours)
        idle, same = alike.get(HELD, ""), alike.get(SAME, "")
        return FixNeighbours(
            is_distinguished=known and noticed >= NOTICED and not (rivals or idle or same),
            idle=idle,
            same=same,
            rivals=tuple(rivals),
            others=tuple(others),
            question=choose_question(calls, ends),
        )

    def _from_before(self, chosen: Candidate, candidate: Candidate, files: Texts) -> Candidate:
        """Return a neighbour of the fix as one edit a file of the text before."""
        edits = tuple(
            SourceEdit(path, 0, len(self._before[path]), text)
            for path, text in files.items()
            if text != self._before[path]
        )
        why = f"this and then {candidate.why}"
        return replace(candidate, edits=edits, why=why, rank=chosen.rank)
