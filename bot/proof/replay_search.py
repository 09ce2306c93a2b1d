"""Finds the smallest set-up with which a recorded interaction fails again, by replaying it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.records import PlayedError, Script
from theseus_rehearsal.reduction import Reduced, reduce_setup
from theseus_rehearsal.replays import find_failing_steps
from theseus_rehearsal.web_addresses import MovedAddress, find_moved_address, replace_address

from bot.domain.traffic import TrafficRecord
from bot.proof.traffic_scripts import (
    add_files,
    build_concurrent_script,
    build_script,
    find_concurrent,
    find_earlier,
)

MAX_RUNS = 40
"""The largest number of runs to find the smallest set-up of a failure."""

MOST_SETUP = 60
"""The number of newest earlier interactions that are considered as the cause of a failure."""

OTHER_SEEDS = (1, 2)
"""Further seeds with which it has to fail: if it fails only at random, a pass proves nothing."""

_OTHER_WAY_ROUND = (1, 0)
MAX_CONCURRENT = 3
"""The number of concurrent interactions that are tried together with a failure."""

_SIMPLER = 2  # reserved runs: one with plain people, one without the web

Records = tuple[TrafficRecord, ...]


class FoundReplay(NamedTuple):
    """A script that fails at its last step; `files`: only if the world has the cog's files."""

    script: Script
    files: bool
    run_count: int
    minimal: bool


async def find_smallest_replay(
    runner: ScriptRunner,
    record: TrafficRecord,
    known: Sequence[TrafficRecord],
    wanted: PlayedError,
    files: Mapping[str, bytes],
    loads: Sequence[datetime] = (),
) -> FoundReplay | None:
    """Return the smallest script with which the interaction fails as `wanted`, or `None`.

    It is run alone on empty state, then after the earlier interactions of its cog (`known` are
    records of any cog; the bot restarts in between at the times in `loads`), then in a world with
    `files`; last, at the same instant as a concurrent interaction, or twice. The set-up is then
    reduced. Raises `RehearsalError`.
    """
    return await _Search(runner, record, wanted, files, loads).find(known)


class _Setup(NamedTuple):
    before: Records
    waits: bool = False
    restarts: bool = False
    files: bool = False
    concurrent: TrafficRecord | None = None
    order: tuple[int, ...] = ()


class _Search:
    def __init__(
        self,
        runner: ScriptRunner,
        record: TrafficRecord,
        wanted: PlayedError,
        files: Mapping[str, bytes],
        loads: Sequence[datetime],
    ) -> None:
        self._runner = runner
        self._record = record
        self._wanted = wanted
        self._files = files
        self._loads = loads
        self._moved: MovedAddress | None = None
        self._asks_web = False  # whether the last run requested an unrecorded web address
        self._run_count = 0

    async def find(self, known: Sequence[TrafficRecord]) -> FoundReplay | None:
        for setup in self._iterate_setups(known):
            known_address = self._moved
            fails = await self._is_failing(self._build_script(setup), setup.files)
            # If a moved web address was just found, the service answers at it in a second run.
            if not fails and self._moved != known_address:
                fails = await self._is_failing(self._build_script(setup), setup.files)
            if fails:
                return await self._reduce(setup)
        return None

    def _iterate_setups(self, known: Sequence[TrafficRecord]) -> Iterator[_Setup]:
        """Yield set-ups that may make it fail, the most informative one first."""
        every = find_earlier(self._record, known)[-MOST_SETUP:]
        well = tuple(each for each in every if each.ok)
        for files in (False, True) if self._files else (False,):
            yield _Setup((), files=files)
            for before in (well, every) if len(well) < len(every) else (well,):
                if before:
                    yield _Setup(before, files=files)
                    yield _Setup(before, waits=True, files=files)
            if well and self._loads:
                yield _Setup(well, restarts=True, files=files)
        for other in find_concurrent(self._record, known)[:MAX_CONCURRENT]:
            before = tuple(each for each in well if each.id != other.id)
            yield _Setup(before, concurrent=other)
            yield _Setup(before, concurrent=other, order=_OTHER_WAY_ROUND)
        yield _Setup(well, concurrent=self._record)

    async def _reduce(self, setup: _Setup) -> FoundReplay | None:
        """Return the reduced set-up; `None` if it fails only at random."""

        async def is_failing(remaining: Records) -> bool:
            return await self._is_failing(
                self._build_script(setup._replace(before=remaining)), setup.files
            )

        left = max(0, MAX_RUNS - self._run_count)
        least: Reduced[TrafficRecord] = await reduce_setup(setup.before, is_failing, max_runs=left)
        script = self._build_script(setup._replace(before=least.remaining))
        plain = _simplify_people(script)
        if plain != script and await self._is_failing(plain, setup.files):
            script = plain
        offline = _remove_web(script)
        if (
            offline != script
            and await self._is_failing(offline, setup.files)
            and not self._asks_web
        ):
            script = offline
        for seed in OTHER_SEEDS:
            other = script.replace(world=script.world.replace(seed=seed))
            if not await self._is_failing(other, setup.files):
                return None
        return FoundReplay(script, setup.files, self._run_count, least.minimal)

    def _build_script(self, setup: _Setup) -> Script:
        if setup.concurrent is not None:
            script = build_concurrent_script(
                self._record, setup.concurrent, setup.before, order=setup.order
            )
        else:
            loads = self._loads if setup.restarts else ()
            script = build_script(self._record, setup.before, waits=setup.waits, loads=loads)
        return replace_address(script, self._moved)

    async def _is_failing(self, script: Script, files: bool) -> bool:
        if self._run_count >= MAX_RUNS + _SIMPLER + len(OTHER_SEEDS):
            return False
        self._run_count += 1
        play = await self._runner.run(add_files(script, self._files) if files else script)
        self._moved = self._moved or find_moved_address(script, play)
        self._asks_web = any(step.wanted for step in play.steps)
        return len(script.steps) - 1 in find_failing_steps(play, self._wanted)


def _simplify_people(script: Script) -> Script:
    """Return the script with people who have only default permissions and no roles."""
    people = tuple(actor.replace(roles=(), permissions=()) for actor in script.world.people)
    return script.replace(world=script.world.replace(people=people))


def _remove_web(script: Script) -> Script:
    """Return the script without the answers of web services.

    If it still fails and requests none, they are irrelevant, and a fixed bot may request others.
    """
    return script.replace(world=script.world.replace(web=()))
