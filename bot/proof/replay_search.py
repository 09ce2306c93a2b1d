"""Finds the smallest set-up with which a recorded interaction fails again, by playing it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.rehearsal import PlayedError, Script
from bot.domain.traffic import TrafficRecord
from bot.ports.rehearsal import ScriptPlayer
from bot.proof.reduction import Reduced, reduced
from bot.proof.replays import red_steps
from bot.proof.traffic_scripts import after, at_once, beside, earlier, with_files
from bot.proof.web_addresses import MovedAddress, moved_address, with_address

MOST_PLAYS = 40
"""How often a failure is played at most until its smallest set-up is found."""

MOST_SETUP = 60
"""How many earlier interactions, the newest, may have led to a failure."""

OTHER_SEEDS = (1, 2)
"""With these it has to fail too: what fails by chance proves nothing when it does not."""

_OTHER_WAY_ROUND = (1, 0)
MOST_BESIDE = 3
"""How many interactions that were under way at the same time are tried with a failure."""

_SIMPLER = 2  # plays: with plain people, without the web

Records = tuple[TrafficRecord, ...]


class FoundReplay(NamedTuple):
    """A script that fails at its last step; `files`: only in a world with the cog's files."""

    script: Script
    files: bool
    plays: int
    minimal: bool


async def smallest_replay(
    player: ScriptPlayer,
    record: TrafficRecord,
    known: Sequence[TrafficRecord],
    wanted: PlayedError,
    files: Mapping[str, bytes],
    loads: Sequence[datetime] = (),
) -> FoundReplay | None:
    """Return the least with which the interaction fails as `wanted`; `None` where it does not.

    First it is played alone on empty state, then after what was asked of its cog before (`known`
    are records of any; with the bot's restarts that lay between where `loads` tells of some), then
    in a world with `files`; last, in the same instant as another that was
    under way then, or twice. What led to it is reduced to what it needs. Raises `RehearsalError`.
    """
    return await _Search(player, record, wanted, files, loads).found(known)


class _Setup(NamedTuple):
    before: Records
    waits: bool = False
    restarts: bool = False
    files: bool = False
    beside: TrafficRecord | None = None
    order: tuple[int, ...] = ()


class _Search:
    def __init__(
        self,
        player: ScriptPlayer,
        record: TrafficRecord,
        wanted: PlayedError,
        files: Mapping[str, bytes],
        loads: Sequence[datetime],
    ) -> None:
        self._player = player
        self._record = record
        self._wanted = wanted
        self._files = files
        self._loads = loads
        self._moved: MovedAddress | None = None
        self._asks_web = False  # in vain, in the play that was the last
        self._plays = 0

    async def found(self, known: Sequence[TrafficRecord]) -> FoundReplay | None:
        for setup in self._setups(known):
            known_address = self._moved
            fails = await self._fails(self._script(setup), setup.files)
            if not fails and self._moved != known_address:  # now a service answers there
                fails = await self._fails(self._script(setup), setup.files)
            if fails:
                return await self._least(setup)
        return None

    def _setups(self, known: Sequence[TrafficRecord]) -> Iterator[_Setup]:
        """Yield what may make it fail, what says most of the failure first."""
        every = earlier(self._record, known)[-MOST_SETUP:]
        well = tuple(each for each in every if each.ok)
        for files in (False, True) if self._files else (False,):
            yield _Setup((), files=files)
            for before in (well, every) if len(well) < len(every) else (well,):
                if before:
                    yield _Setup(before, files=files)
                    yield _Setup(before, waits=True, files=files)
            if well and self._loads:
                yield _Setup(well, restarts=True, files=files)
        for other in beside(self._record, known)[:MOST_BESIDE]:
            before = tuple(each for each in well if each.id != other.id)
            yield _Setup(before, beside=other)
            yield _Setup(before, beside=other, order=_OTHER_WAY_ROUND)
        yield _Setup(well, beside=self._record)

    async def _least(self, setup: _Setup) -> FoundReplay | None:
        """Return what is left of a set-up; `None` where it fails by chance."""

        async def fails(kept: Records) -> bool:
            return await self._fails(self._script(setup._replace(before=kept)), setup.files)

        left = max(0, MOST_PLAYS - self._plays)
        least: Reduced[TrafficRecord] = await reduced(setup.before, fails, plays=left)
        script = self._script(setup._replace(before=least.kept))
        plain = _plain(script)
        if plain != script and await self._fails(plain, setup.files):
            script = plain
        offline = _without_web(script)
        if offline != script and await self._fails(offline, setup.files) and not self._asks_web:
            script = offline
        for seed in OTHER_SEEDS:
            other = script.but(world=script.world.but(seed=seed))
            if not await self._fails(other, setup.files):
                return None
        return FoundReplay(script, setup.files, self._plays, least.minimal)

    def _script(self, setup: _Setup) -> Script:
        if setup.beside is not None:
            script = at_once(self._record, setup.beside, setup.before, order=setup.order)
        else:
            loads = self._loads if setup.restarts else ()
            script = after(self._record, setup.before, waits=setup.waits, loads=loads)
        return with_address(script, self._moved)

    async def _fails(self, script: Script, files: bool) -> bool:
        if self._plays >= MOST_PLAYS + _SIMPLER + len(OTHER_SEEDS):
            return False
        self._plays += 1
        play = await self._player.play(with_files(script, self._files) if files else script)
        self._moved = self._moved or moved_address(script, play)
        self._asks_web = any(step.wanted for step in play.steps)
        return len(script.steps) - 1 in red_steps(play, self._wanted)


def _plain(script: Script) -> Script:
    """Return the script with people who may do what everybody may, and have no roles."""
    people = tuple(each.but(roles=(), permissions=()) for each in script.world.people)
    return script.but(world=script.world.but(people=people))


def _without_web(script: Script) -> Script:
    """Return the script without what services answered.

    Where it fails so too, and asks for none, these are no part: a fix may go on where base fails.
    """
    return script.but(world=script.world.but(web=()))
