"""Two runs that wait for approval, as the start of many stories: made once, copied cheaply."""

from dataclasses import replace
from itertools import count
from pathlib import Path

from theseus_guard.protection import Protection

from bot.domain.plan import Plan
from bot.domain.run import Run
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import FIX, AgentHarness


class VotingTemplate:
    """A run of #1 and one of #2, made once by the real stages; every sequence starts from them."""

    def __init__(self, world: AgentHarness, store: FakeStore, run: Run, other: Run) -> None:
        self._world = world
        self._store = store
        self.run = run
        self.other = other

    @classmethod
    async def create(cls, folder: Path, *, security: bool) -> "VotingTemplate":
        """Create two runs whose fixes are proposed."""
        store = FakeStore()
        world = AgentHarness(folder, store=store)
        world.protection = Protection.create(review=("cogs/dice.py",) if security else ())
        async with world.run_agent() as agent:
            run = await world.propose_fix(agent)
            world.engine.rounds = (FIX,)
            other = await world.propose_fix(agent)
        return cls(world, store, await store.get(run.id), other)

    def create_harness(self, folder: Path, store: FakeStore, risk: str) -> AgentHarness:
        """Return a separate harness in which both runs wait; their plans have this risk."""
        known, made = self._world, AgentHarness(folder, store=store)
        store.runs = dict(self._store.runs)
        store.records = {
            run_id: [r.replace(risk=risk) if isinstance(r, Plan) else r for r in records]
            for run_id, records in self._store.records.items()
        }
        made.clock.tick(known.clock.monotonic())
        made.chat.messages = [
            replace(said, versions=[*said.versions]) for said in known.chat.messages
        ]
        made.chat.threads = dict(known.chat.threads)
        made.chat.thread_of = dict(known.chat.thread_of)
        made.chat._people = set(known.chat._people)
        made.chat._ids = count(10_000)
        made.workspaces.snapshots = dict(known.workspaces.snapshots)
        made.workspaces._branches = dict(known.workspaces._branches)
        made.workspaces._parents = dict(known.workspaces._parents)
        made.forge._pulls = dict(known.forge._pulls)
        made.forge._runs = dict(known.forge._runs)
        made.protection = known.protection
        return made
