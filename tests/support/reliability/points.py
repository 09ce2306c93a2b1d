"""Where a fault can strike: an outside effect or a state write of the bot, and a moment of it.

No point is listed by hand. A run is recorded, and each of its effects gives the points it has. An
effect is named without ids, so that the same one is found again in another run.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_ID = re.compile(r"[0-9a-f]{7,}|\d+|(?<=theseus/)[0-9a-z-]+|[A-Za-z0-9_=-]{40,}")
_EFFECTS, _PLAN = "effects", "plan.json"


class Strike(StrEnum):
    """What happens at an effect."""

    KILL_BEFORE = "killed before it"
    KILL_DURING = "killed during it"
    KILL_AFTER = "killed after it"
    UNAVAILABLE = "refused with status 503"
    LIMITED = "refused with status 429"
    CUT = "cut before it"
    LOST = "done, but the answer is lost"
    NO_SPACE = "no space left on the device"
    READ_ONLY = "a read-only file system"
    NO_DESCRIPTORS = "too many open files"
    NO_PROCESSES = "no more processes"
    NO_MEMORY = "no memory"


KILLS = (Strike.KILL_BEFORE, Strike.KILL_DURING, Strike.KILL_AFTER)
_ANSWERS = (Strike.UNAVAILABLE, Strike.LIMITED, Strike.CUT, Strike.LOST)
STRIKES: Mapping[str, Sequence[Strike]] = {
    "discord": (*KILLS, *_ANSWERS),
    "forge": (*KILLS, *_ANSWERS),
    "model": (Strike.KILL_BEFORE, Strike.KILL_AFTER, *_ANSWERS),
    # A commit is atomic: "during" it is one of the other two.
    "state": (Strike.KILL_BEFORE, Strike.KILL_AFTER),
    "file": (
        Strike.KILL_BEFORE,
        Strike.KILL_AFTER,
        Strike.NO_SPACE,
        Strike.READ_ONLY,
        Strike.NO_DESCRIPTORS,
    ),
    "program": (*KILLS, Strike.NO_DESCRIPTORS, Strike.NO_PROCESSES, Strike.NO_MEMORY),
}
"""What can happen at an effect, by the first word of its name."""


@dataclass(frozen=True)
class FaultPoint:
    """The `number`th effect of that name since the story began, and what happens at it."""

    effect: str
    number: int
    strike: Strike

    def __str__(self) -> str:
        return f"{self.effect} #{self.number}: {self.strike}"

    @property
    def is_kill(self) -> bool:
        """Return whether the bot is killed there."""
        return self.strike in KILLS


def remove_ids(text: str) -> str:
    """Return the text with a star for everything that is different in another run."""
    return _ID.sub("*", text)


def build_points(effects: Iterable[str], strikes: Sequence[Strike]) -> list[FaultPoint]:
    """Return every point of the recorded effects at which one of the strikes is possible."""
    counts: Counter[str] = Counter()
    points = []
    for effect in effects:
        counts[effect] += 1
        for strike in STRIKES[effect.partition(" ")[0]]:
            if strike in strikes:
                points.append(FaultPoint(effect, counts[effect], strike))
    return points


def choose_points(points: Sequence[FaultPoint], most: int | None) -> list[FaultPoint]:
    """Return at most so many points: of each kind of effect and strike first one, then a second."""
    if most is None or most >= len(points):
        return list(points)
    seen: Counter[tuple[str, Strike]] = Counter()
    ranked = []
    for position, point in enumerate(points):
        kind = (point.effect, point.strike)
        ranked.append((seen[kind], position))
        seen[kind] += 1
    first = [position for rank, position in sorted(ranked) if rank == 0]
    others = [position for rank, position in sorted(ranked) if rank > 0]
    if most <= len(first):  # spread over the whole story
        chosen = [first[number * len(first) // most] for number in range(most)]
    else:
        chosen = first + others[: most - len(first)]
    return [points[position] for position in sorted(chosen)]


class EffectLog:
    """The effects of one run, counted in a folder that the bot's process and the servers share.

    Each process counts its own kinds. Nothing is counted before `begin`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = folder / _PLAN
        self._counts: Counter[str] = Counter()

    def begin(self, points: Iterable[FaultPoint] = ()) -> None:
        """Count from now on, and strike at the points, each once and in any order."""
        self._write_plan([asdict(point) for point in points])

    @property
    def is_waiting(self) -> bool:
        """Return whether a point has not come up yet."""
        return bool(self._read_plan())

    def add(self, effect: str) -> Strike | None:
        """Count an effect; return what has to happen at it."""
        plan = self._read_plan()
        if plan is None:
            return None
        self._counts[effect] += 1
        with (self._folder / _EFFECTS).open("a", encoding="utf-8") as file:
            file.write(effect + "\n")
        here = {"effect": effect, "number": self._counts[effect]}
        for point in plan:
            if here.items() <= point.items():
                self._write_plan([each for each in plan if each is not point])
                return Strike(point["strike"])
        return None

    def read(self) -> list[str]:
        """Return every effect so far, oldest first."""
        try:
            return (self._folder / _EFFECTS).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _read_plan(self) -> list[dict[str, Any]] | None:
        try:
            plan: list[dict[str, Any]] = json.loads(self._plan.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return plan

    def _write_plan(self, plan: Sequence[Mapping[str, object]]) -> None:
        """Replace the file at once: a process may be killed at any moment."""
        new = self._plan.with_name(f"{_PLAN}.{os.getpid()}")
        new.write_text(json.dumps(plan), encoding="utf-8")
        new.replace(self._plan)
