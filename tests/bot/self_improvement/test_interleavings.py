"""Whatever people, crashes and the forge do, in whatever order, the promises hold."""

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from operator import or_
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import AgentLimited, AgentStuck, ForgeUnavailable, Stopped, TheseusError
from bot.domain.proposal import Comment
from bot.domain.run import Run, Stage, Status
from bot.domain.stop import Stop
from bot.ports.agent import QuestionAsked
from tests.fakes.fake_agent import FakeAgent
from tests.support.agent_harness import ALICE, BOB, FILES, FIX, FIXED, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed

GOOD = FILES | {"cogs/dice.py": FIXED.replace("letter", "name")}
ACTS = (
    "step",
    "work",
    "kill",
    "restart",
    "cancel",
    "ship alice",
    "ship bob",
    "ship both",
    "ship mallory",
    "reject",
    "push good",
    "push bad",
    "close by hand",
    "retry",
    "forge stumbles",
    "revise",
    "comment",
    "answer",
    "stop",
    "lift",
    "touch",
)


def lively() -> FakeAgent:
    """Return an engine that meets with something else in every round."""
    also = [{"cogs/dice.py": f"{FIXED}# {number}\n"} for number in range(6)]
    asks = QuestionAsked(text="Which one?", default="This one.")
    return FakeAgent(
        FIX,
        also[0],
        [asks, also[1]],
        [AgentLimited("The limit is reached."), also[2]],
        AgentStuck("It went in circles."),
        {"cogs/dice.py": FILES["cogs/dice.py"]},  # type: ignore[dict-item]
        also[3],
        {},
        *also[4:],
    )


class Story:
    """One world, with acts happening to it."""

    def __init__(self, folder: Path) -> None:
        self.world = AgentHarness(folder)
        self.world.engine = lively()
        self.world.limits = replace(
            self.world.limits, question=timedelta(seconds=20), comments=timedelta(seconds=7)
        )
        self.said = count(1)
        self.fuse = CrashPoint()
        self.run_id = ""

    async def go(self, acts: list[str]) -> None:
        """Do the acts over as many starts as it takes, then let everything come to rest."""
        left = [*acts]
        while left:
            self.fuse = CrashPoint()
            async with self.world.run_agent(self.fuse) as agent:
                with suppress(Killed):
                    await self._asked(agent)
                    while left and await self._lives_on(agent, left.pop(0)):
                        pass
        async with self.world.run_agent() as agent:
            await self._asked(agent)
            await self._come_to_rest()

    async def _come_to_rest(self) -> None:
        """Wait until nothing changes any more: longer than the poll interval for review
        comments.
        """
        calm = 0
        for _ in range(1_000):
            await self.world.clock.advance(1)
            runs = await self.world.store.find()
            waits = [run.status is Status.WAITING and not run.is_parked for run in runs]
            ended = [run.has_ended for run in runs]
            calm = calm + 1 if all(map(or_, waits, ended)) else 0
            if calm > 20:
                return

    async def _asked(self, agent: AgentUnderTest) -> None:
        asking = self.world.make_trigger(key="the request")
        try:
            self.run_id = (await agent.request(asking)).id
        except Stopped:
            await agent.emergency.lift(ALICE)
            self.run_id = (await agent.request(asking)).id

    async def _lives_on(self, agent: AgentUnderTest, act: str) -> bool:
        if act == "step":
            for _ in range(7):
                await asyncio.sleep(0)
        elif act == "work":
            await self.world.clock.advance(6)
        elif act in ("kill", "restart"):
            if act == "kill":
                self.fuse.after = self.fuse.hits
            return False
        else:
            scenario = asyncio.create_task(self._happens(agent, act))
            while not scenario.done():
                await self.world.clock.advance(0.05)
            with suppress(TheseusError):
                await scenario
        return True

    async def _happens(self, agent: AgentUnderTest, act: str) -> None:
        run = await self.world.store.get(self.run_id)
        verb, _, who = act.partition(" ")
        if verb == "ship":
            people = {"alice": [ALICE], "bob": [BOB], "mallory": [MALLORY], "both": [ALICE, BOB]}
            words = [
                agent.approve(self.world.build_approval(run, person)) for person in people[who]
            ]
            await asyncio.gather(*words, return_exceptions=True)
        elif verb == "cancel":
            await agent.cancel(run.id, BOB)
        elif verb == "reject":
            await agent.reject(run.id, ALICE)
        elif verb == "retry":
            await agent.retry(run.id, ALICE)
        elif verb == "revise":
            await agent.revise(run.id, ALICE, "more", "text", f"message:{next(self.said)}")
        elif verb in ("stop", "lift", "touch"):
            await self._brakes(agent, verb)
        elif verb == "answer":
            await agent.answer(run.id, BOB, "That one.")
        elif verb == "forge":
            self.world.forge.fail_next(ForgeUnavailable("The forge stumbled."))
        else:
            await self._at_the_forge(run, act)

    async def _brakes(self, agent: AgentUnderTest, verb: str) -> None:
        if verb == "stop":
            await agent.emergency.stop(BOB, "slash")
        elif verb == "lift":
            await agent.emergency.lift(ALICE)
        else:
            await self.world.kill_switch.pull(Stop(how="file", at=self.world.clock.now()))

    async def _at_the_forge(self, run: Run, act: str) -> None:
        opened = await self.world.forge.find(run.id)
        if opened is None or opened.state != "open":
            return
        if act == "close by hand":
            await self.world.forge.close(opened.number, "by hand")
        elif act == "comment":
            said = Comment(
                key=f"r{next(self.said)}",
                author="carol",
                text="more",
                at=self.world.clock.now(),
            )
            self.world.forge.add_comment(opened.number, said)
        else:
            files = GOOD if act == "push good" else FILES
            self.world.forge.push(opened.branch, self.world.workspaces.add_snapshot(files))


async def assert_promises(world: AgentHarness) -> None:
    """Check what must hold at rest."""
    world.forge.recover()
    runs = await world.store.find()
    for run in runs:
        assert run.status is not Status.RUNNING, run
        assert run.status is not Status.QUEUED, run
        words = world.list_final_keys(run)
        if run.has_ended:
            assert f"{run.id}:{run.goal}:ended:{run.attempt}" in words, (run, words)
        opened = await world.forge.find(run.id)
        history = await world.store.get_history(run.id)
        if run.status is Status.WAITING and not run.is_parked:
            assert history.revising is None, run
            assert run.stage is Stage.SHIP, run
        if opened is not None and opened.state == "merged":
            assert await world.store.get_approval(run.id, opened.head) is not None
        if run.status in (Status.CANCELLED, Status.REJECTED, Status.FAILED):
            left = opened is not None and opened.state == "open"
            assert not left or "could not be closed" in run.reason, run
            assert opened is None or opened.state != "merged" or "is already merged" in run.reason
    keys = [said.key for said in world.chat.messages]
    assert len(keys) == len(set(keys))
    drafts = [(draft.run_id, draft.head) for draft in world.forge.drafts]
    assert len(drafts) == len(set(drafts))
    assert len(world.forge.merges) <= 1
    assert not world.workspaces.leased
    allowed = [entry.person for entry in await world.store.list_audit_entries() if entry.allowed]
    assert MALLORY not in allowed


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.sampled_from(ACTS), max_size=14))
def test_in_any_order_of_events_the_promises_hold(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        asyncio.run(story.go(acts))
        asyncio.run(assert_promises(story.world))
