"""A message is matched to failures once: the run that it starts uses the stored match."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from bot.domain.journal import FailureGroup
from bot.domain.run import Stage
from tests.fakes.fake_journal import FakeJournal
from tests.support.agent_harness import AgentHarness, make_capsule, make_failure
from tests.support.dev_channel import RUN_COGS, DevChannel, get_reply_text, open_dev_channel


class CountedJournal(FakeJournal):
    """A journal that counts how often its failures of the last hours are listed."""

    def __init__(self, source: FakeJournal) -> None:
        super().__init__(source.actions)
        self.reads = 0

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        self.reads += 1
        return await super().list_failures(since=since, limit=limit)


def make_counted_harness(folder: Path) -> AgentHarness:
    """Return a harness with a journal that counts."""
    world = AgentHarness(folder)
    world.journal = CountedJournal(world.journal)
    return world


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, with_monitoring=True, make_harness=make_counted_harness
    ) as opened:
        opened.world.engine.hold()
        yield opened


def count_reads(room: DevChannel) -> int:
    assert isinstance(room.world.journal, CountedJournal)
    return room.world.journal.reads


async def open_other_incident(room: DevChannel) -> None:
    """Have something else fail until an incident is open."""
    other = make_capsule(exception="KeyError", fingerprint="beefbeefbeef", file="cogs/polls.py")
    for _ in range(5):
        room.world.journal.append(make_failure(room.world.clock, other, name="poll"))
    await room["alice"].wait_for("dev", lambda m: bool(m["embeds"]))
    await room.wait_until(  # the bot's own run has read the journal too
        lambda run: run.trigger.origin == "incident" and run.stage is not Stage.OBSERVE
    )


async def report(room: DevChannel, text: str) -> None:
    """Report a failure and wait until its run has left the step that collects evidence."""
    await room["alice"].say("dev", text)
    subject = text.partition(" keeps")[0]
    await room.wait_until(
        lambda run: run.trigger.subject == subject and run.stage is not Stage.OBSERVE
    )


async def test_a_report_reads_the_journal_once_and_its_run_not_again(room: DevChannel) -> None:
    await report(room, "rolling dice keeps crashing, fix it")
    assert count_reads(room) == 1
    [run] = await room.list_runs()
    assert run.trigger.match is not None
    evidence = (await room.world.store.get_history(run.id)).evidence
    assert evidence is not None
    assert [each.fingerprint for each in evidence.groups] == [run.trigger.match.fingerprint]
    assert evidence.groups[0].count == 3
    assert evidence.capsule is not None  # the record is read from the journal by its id


async def test_a_report_next_to_an_open_incident_reads_the_journal_once(room: DevChannel) -> None:
    await open_other_incident(room)
    before = count_reads(room)
    await report(room, "rolling dice keeps crashing, fix it")
    assert count_reads(room) - before == 1


async def test_a_report_that_matches_nothing_reads_the_journal_once(room: DevChannel) -> None:
    mention = f"<@{room.local.bot_user_id}>"
    said = await room["alice"].say("dev", f"{mention} the juggling is broken, fix it")
    assert "Nothing in my journal matches that." in await get_reply_text(room, said)
    assert count_reads(room) == 1


async def test_a_report_of_a_person_who_is_not_listed_reads_the_journal_once(
    room: DevChannel,
) -> None:
    said = await room["mallory"].say("dev", "rolling dice keeps crashing, fix it")
    assert (await get_reply_text(room, said)).startswith("Thanks mallory")
    assert count_reads(room) == 1
