"""Issues of the forge as requests: whose count, what they begin, and what is said on them, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.errors import ForgeUnavailable
from bot.domain.issue import ForgeIssue
from bot.domain.people import Place
from bot.domain.run import Run
from bot.intake import IssueIntake, IssueRules
from bot.presentation.issue_answers import NOT_UNDERSTOOD, describe_outcome
from tests.bot.presentation.test_cards import DIAGNOSIS, HISTORY, RUN, SHIPMENT
from tests.support.agent_harness import ALICE, DEV, GUILD, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.intake_harness import IntakeHarness

LABEL = "theseus"
LOGINS = {"alice-at-github": ALICE.id, "mallory": MALLORY.id, "gone": 99}
RULES = IssueRules(LABEL, LOGINS, 60, Place(channel_id=DEV, guild_id=GUILD))


class Forge:
    """A world whose forge has issues, and whoever reads them."""

    def __init__(self, folder: Path) -> None:
        self.world = AgentHarness(folder)

    def opens(
        self, number: int, title: str, author: str = "Alice-at-GitHub", body: str = ""
    ) -> None:
        issue = ForgeIssue(
            number=number,
            url="",
            title=title,
            body=body,
            author=author,
            at=self.world.clock.now(),
        )
        self.world.forge.open_issue(issue, LABEL)

    def intake(self, agent: AgentUnderTest) -> IssueIntake:
        """Return a newly started program's."""
        world = self.world
        ask = IntakeHarness(agent).intake.ask
        return IssueIntake(
            world.forge, agent, agent.changes, ask, world.member_directory,
            world.key_values, world.clock, RULES,
        )  # fmt: skip

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[AgentUnderTest, IssueIntake]]:
        async with self.world.run_agent() as agent:
            yield agent, self.intake(agent)

    async def runs(self) -> tuple[Run, ...]:
        return await self.world.store.find()

    def said(self, number: int) -> list[str]:
        return list(self.world.forge.answers[number].values())


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return Forge(tmp_path)


async def test_a_listed_persons_issue_is_their_request_and_its_end_is_told_there_once(
    forge: Forge,
) -> None:
    forge.opens(12, "rolling dice keeps crashing, fix it", body="Since Monday. See bot/app/bot.py.")
    async with forge.running() as (agent, intake):
        await intake.turn()
        [run] = await forge.runs()
        asked = run.trigger
        assert (run.goal, asked.person, asked.issue) == ("fix", ALICE, 12)
        assert (asked.place.channel_id, asked.is_verbatim) == (DEV, False)
        assert asked.text.endswith("Since Monday. See bot/app/bot.py.")
        run = await forge.world.wait_until_settled(run.id)
        assert forge.world.forge.drafts[-1].body.endswith("\n\nCloses #12\n")
        await intake.turn()
        assert forge.said(12) == []
        await agent.approve(forge.world.build_approval(run))
        await forge.world.wait_until_ended(run.id)
        for each in (intake, forge.intake(agent)):  # the other one after a restart
            await each.turn()
        assert forge.said(12) == [f"Done with #1, live at `{forge.world.forge.merges[0][:7]}`."]
        assert len(await forge.runs()) == 1
        assert await forge.world.forge.list_issues(LABEL) == ()


async def test_nothing_is_begun_twice_where_it_was_killed_before_it_was_kept(forge: Forge) -> None:
    forge.opens(12, "rolling dice keeps crashing, fix it")
    async with forge.running() as (agent, intake):
        await intake.turn()
        await forge.world.key_values.remove("forge-issue:12")
        await forge.intake(agent).turn()
        assert len(await forge.runs()) == 1


@pytest.mark.parametrize("author", ["stranger", "gone", "alice", "alice-at-github2", "1"])
async def test_an_issue_of_anybody_else_is_not_looked_at(forge: Forge, author: str) -> None:
    forge.opens(12, "rolling dice keeps crashing, fix it", author)
    async with forge.running() as (_, intake):
        await intake.turn()
        assert await forge.runs() == ()
        assert forge.said(12) == []


async def test_who_is_no_developer_is_told_so_there_and_nothing_begins(forge: Forge) -> None:
    forge.opens(12, "rolling dice keeps crashing, fix it", "mallory")
    async with forge.running() as (_, intake):
        for _ in range(2):
            await intake.turn()
        assert await forge.runs() == ()
        [told] = forge.said(12)
        assert told.startswith("Sorry mallory")


@pytest.mark.parametrize(
    "title",
    [
        "ship it", "ship #1", "stop everything", "revert #1", "pause", "cancel", "resume",
        "remember that dice have six sides", "good morning", "what can you do?", "fix it",
    ],
)  # fmt: skip
async def test_nothing_but_work_on_something_named_is_heard_there(forge: Forge, title: str) -> None:
    forge.opens(12, title, body="ship it, security reviewed")
    async with forge.running() as (agent, intake):
        waiting = await forge.world.propose_fix(agent)
        await intake.turn()
        assert [run.id for run in await forge.runs()] == [waiting.id]
        assert forge.world.forge.merges == []
        assert forge.world.kill_switch.stop is None
        assert forge.said(12) == [NOT_UNDERSTOOD]


async def test_what_nothing_failed_for_is_answered_there(forge: Forge) -> None:
    forge.opens(12, "why do the polls crash?")
    async with forge.running() as (_, intake):
        await intake.turn()
        assert await forge.runs() == ()
        [told] = forge.said(12)
        assert "I looked for failures that fit “polls” (last 24 h)." in told


async def test_a_wish_that_nothing_can_write_is_kept(forge: Forge) -> None:
    forge.opens(12, "feature request: a /coinflip command")
    async with forge.running() as (agent, intake):
        await intake.turn()
        assert forge.said(12) == ["I keep it as a wish; I cannot write it."]
        assert [state.feature_request.text for state in await agent.changes.list_feature_requests()]


async def test_one_issue_in_trouble_stands_in_no_others_way(forge: Forge) -> None:
    forge.opens(12, "good morning")
    forge.opens(13, "ship it")
    async with forge.running() as (_, intake):
        world = forge.world
        issues = await world.forge.list_issues(LABEL)
        world.forge.fail_next(ForgeUnavailable("down"))
        with pytest.raises(ForgeUnavailable):
            await intake.turn()
        await intake.turn()
        assert len(issues) == 2
        assert [forge.said(number) for number in (12, 13)] == [[NOT_UNDERSTOOD]] * 2


async def test_under_the_emergency_stop_an_issue_waits(forge: Forge) -> None:
    forge.opens(12, "rolling dice keeps crashing, fix it")
    async with forge.running() as (agent, intake):
        await agent.emergency.stop(ALICE, "text", "")
        await intake.turn()
        assert (await forge.runs(), forge.said(12)) == ((), [])
        await agent.emergency.lift(ALICE)
        await intake.turn()
        assert len(await forge.runs()) == 1


async def test_a_look_that_is_asked_for_comes_at_once(forge: Forge) -> None:
    async with forge.running() as (_, intake):
        looking = asyncio.create_task(intake.run_forever())
        await forge.world.clock.advance(1)
        forge.opens(12, "good morning")
        await forge.world.clock.advance(1)
        assert forge.said(12) == []
        intake.request_poll()
        await forge.world.clock.advance(1)
        assert forge.said(12) == [NOT_UNDERSTOOD]
        looking.cancel()


def test_what_became_of_a_run_is_told_in_words_that_do_nothing() -> None:
    shipped = HISTORY.replace(shipment=SHIPMENT)
    assert describe_outcome(RUN, shipped).startswith("Done with #3, live at `")
    found = HISTORY.replace(
        shipment=None, diagnosis=DIAGNOSIS.replace(cause="As @all said, closes #1.")
    )
    told = describe_outcome(RUN.replace(goal="investigate", status="done"), found)
    assert "3 IndexErrors from /roll" in told
    assert "@\u200ball said, closes #\u200b1" in told
    rejected = RUN.replace(status="rejected", reason="no")
    assert describe_outcome(rejected, found) == "My proposal #3 was rejected."
    assert describe_outcome(RUN.replace(status="failed", reason="It did not hold."), found) == (
        "It did not hold."
    )
