"""Whether the tests tell a fix from edits next to it: small edits of what was edited, tried out.

A fix is believed for what its tests would notice. So what it edited is edited again, in many ways;
the tests have to fail with each, or the functions have to answer as they do with the fix.
"""

import ast
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.repair.behaviour import BehaviourComparison, difference
from bot.repair.calls import CallQuestion, best_question
from bot.repair.candidates import single_edits
from bot.repair.model import Candidate, Crash, Rival, SourceEdit, Texts
from bot.repair.mutants import changed_lines
from bot.repair.operators import View, pools_of
from bot.repair.search import Judge, sound
from bot.repair.source import Source, header_lines

TRIED = 12
NOTICED = 4  # edits that the tests have to notice, at least
_NO_CRASH = Crash("")


@dataclass(frozen=True, slots=True)
class FixNeighbours:
    """What is around a fix: whether the tests tell it from its neighbours, and those they do not.

    `others` are those too, each as one edit of the text before; `question` tells the fix from them.
    """

    told_apart: bool
    rivals: tuple[Rival, ...] = ()
    others: tuple[Candidate, ...] = ()
    question: CallQuestion | None = None


class Neighbourhood:
    """Looks around a fix of `before`; `judge` says what the tests say."""

    def __init__(self, before: Texts, judge: Judge, comparison: BehaviourComparison) -> None:
        self._before, self._judge, self._comparison = before, judge, comparison

    async def of(self, chosen: Candidate, fix: Texts) -> FixNeighbours:
        """Return what is around a fix, which the tests may not tell from its neighbours.

        They do not where too few edits are noticed, or where one that is not cannot be compared.
        """
        neighbours = list(self._neighbours(fix))
        judged = await asyncio.gather(*(self._judge.judge(files) for _, files in neighbours))
        green = [
            each for each, judgement in zip(neighbours, judged, strict=True) if judgement.green
        ]
        noticed = len(neighbours) - len(green)
        if not green:
            return FixNeighbours(told_apart=noticed >= NOTICED)
        ours, *behaviours = await self._comparison.of([fix, *(files for _, files in green)])
        calls, rivals, ends = self._comparison.calls, [], [ours.outcomes]
        for (candidate, files), behaviour in zip(green, behaviours, strict=True):
            call = difference(calls, ours, behaviour)
            if call is not None:
                rivals.append(Rival(candidate, files, call.call, call.before, call.after))
                ends.append(behaviour.outcomes)
        return FixNeighbours(
            told_apart=bool(calls) and noticed >= NOTICED and not rivals,
            rivals=tuple(rivals),
            others=tuple(self._from_before(chosen, rival) for rival in rivals),
            question=best_question(calls, ends),
        )

    def _from_before(self, chosen: Candidate, rival: Rival) -> Candidate:
        """Return a neighbour of the fix as one edit a file of the text before."""
        edits = tuple(
            SourceEdit(path, 0, len(self._before[path]), text)
            for path, text in rival.files.items()
            if text != self._before[path]
        )
        why = f"{chosen.why}; {rival.candidate.why}"
        return replace(rival.candidate, edits=edits, why=why, rank=chosen.rank)

    def _neighbours(self, fix: Texts) -> Iterator[tuple[Candidate, Texts]]:
        """Yield edits of what the fix edited, of as many kinds as there are."""
        seen = {tuple(sorted(fix.items())), tuple(sorted(self._before_of(fix).items()))}
        for candidate in _mixed(list(self._candidates(fix))):
            files = {**fix, **candidate.apply(fix)}
            mark = tuple(sorted(files.items()))
            if mark not in seen and sound(files, fix):
                seen.add(mark)
                yield candidate, files
            if len(seen) > TRIED + 1:
                return

    def _before_of(self, fix: Texts) -> dict[str, str]:
        return {path: self._before[path] for path in fix}

    def _candidates(self, fix: Texts) -> Iterator[Candidate]:
        for path, text in fix.items():
            source, lines = Source(path, text), changed_lines(self._before[path], text)
            view = View(source, _NO_CRASH, pools_of([source]))
            for node in ast.walk(source.tree):
                if isinstance(node, ast.stmt) and lines & set(header_lines(node)):
                    yield from single_edits(node, view)


def _mixed(candidates: list[Candidate]) -> list[Candidate]:
    """Return them so that the kinds take turns, the likelier ones of each first."""
    places: dict[str, int] = {}
    rows = []
    for candidate in sorted(candidates, key=lambda each: -each.rank):
        place = places[candidate.kind] = places.get(candidate.kind, 0) + 1
        rows.append((place, -candidate.rank, candidate))
    return [candidate for *_, candidate in sorted(rows, key=lambda row: row[:2])]
