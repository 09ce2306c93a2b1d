"""Cards of runs at work: their heartbeat, their to-do list, and what ends them."""

import asyncio
from pathlib import Path

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.guilds import RunChannels
from bot.domain.history import History
from bot.domain.personal_data import DataSubject
from bot.domain.progress import Todo, TranscriptEntry
from bot.domain.run import Run, Status
from bot.infra.current_work import name_work
from bot.ports.agent import Progress
from bot.self_improvement.reporting.live_cards import HEARTBEAT_SECONDS, LiveCards
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.reporting.run_threads import RunThreads
from bot.self_improvement.reporting.run_transcripts import RunTranscripts
from bot.self_improvement.runs.step_progress import CardHeartbeat, StepProgress
from bot.self_improvement.runs.transitions import create_run
from tests.fakes.fake_chat import FakeChat
from tests.support.agent_harness import AgentHarness

SECRET = "ghp_" + "a1B2c3D4e5" * 4


class LiveRoom:
    """One run at work, and what shows it."""

    def __init__(self, world: AgentHarness) -> None:
        self.clock, self.chat = world.clock, world.chat
        assert isinstance(self.chat, FakeChat)
        place = world.limits.dev_channel_id
        self.live = LiveCards(self.clock)
        self.transcripts = RunTranscripts(self.clock)
        threads = RunThreads(world.store, self.chat, world.journal, RunChannels(place))
        self.notifier = RunNotifier(
            self.chat, self.live, world.flags, None, threads, RunChannels(place)
        )
        self.meter = RunCostMeter(None)
        self.heartbeat = CardHeartbeat(self.notifier, self.live, self.meter, self.clock)
        run = create_run(world.make_trigger(), "abc123", self.clock.now())
        self.run: Run = run.replace(status=Status.RUNNING, waiting=None)

    async def start(self) -> "LiveRoom":
        """Return the room once the card is posted."""
        self.run = await self.notifier.announce(self.run)
        return self

    @property
    def shown(self) -> list[str]:
        """Each appearance of the card, the newest last."""
        (said,) = [each for each in self.chat.messages if each.ref.message_id == self.run.card_id]
        return [f"{each.card.body}\n{each.card.footer}" for each in said.versions if each.card]


async def test_the_clock_of_a_quiet_run_goes_on_and_stops_with_it(tmp_path: Path) -> None:
    room = await LiveRoom(AgentHarness(tmp_path)).start()
    await room.notifier.refresh(room.run, History(), "reads `dice.py`")
    room.clock.tick(HEARTBEAT_SECONDS - 1)
    await room.heartbeat.beat()
    assert len(room.shown) == 2
    room.clock.tick(1)
    await room.heartbeat.beat()
    await room.heartbeat.beat()
    _, first, second = room.shown
    assert "0.0 s" in first
    assert "15 s" in second
    assert "reads `dice.py`" in second
    ended = room.run.replace(status=Status.FAILED, reason="It cannot be reproduced.")
    await room.notifier.refresh(ended, History())
    room.clock.tick(60)
    await room.heartbeat.beat()
    assert len(room.shown) == 4
    assert "It cannot be reproduced." in room.shown[-1]
    assert "dice.py" not in room.shown[-1]


async def test_a_count_is_replaced_and_other_activities_stay(tmp_path: Path) -> None:
    room = await LiveRoom(AgentHarness(tmp_path)).start()
    for activity in ("reads `a1.py`", "reads `a2.py`", "edit 1 of 9: x", "edit 2 of 9: y"):
        await room.notifier.refresh(room.run, History(), activity)
    assert "-# reads `a1.py`\n-# reads `a2.py`\n-# edit 2 of 9: y\n" in room.shown[-1]


async def test_an_old_card_is_edited_rarely(tmp_path: Path) -> None:
    room = await LiveRoom(AgentHarness(tmp_path)).start()
    room.clock.tick(3_600)
    await room.notifier.refresh(room.run, History())
    before = len(room.shown)
    for _ in range(10):
        room.clock.tick(HEARTBEAT_SECONDS)
        await room.heartbeat.beat()
    assert len(room.shown) == before
    room.clock.tick(300)
    await room.heartbeat.beat()
    assert len(room.shown) == before + 1


async def test_what_a_model_does_is_on_the_card_and_in_the_transcript(tmp_path: Path) -> None:
    room = await LiveRoom(AgentHarness(tmp_path)).start()
    progress = StepProgress(
        room.notifier, room.meter, room.clock, room.live, room.transcripts
    ).build_progress_handler(room.run, History())
    await room.notifier.refresh(room.run, History())
    todos = (Todo(text="Read it", status="done"), Todo(text="Edit it", status="active"))
    call = TranscriptEntry(author="execute", kind="call", text="TodoWrite")
    await progress(Progress(text="now: Edit it", todos=todos, entry=call, cost_usd=0.5))
    result = TranscriptEntry(author="execute", kind="result", text=f"token = {SECRET}")
    await progress(Progress(text="", entry=result, cost_usd=0.5))
    await progress(Progress(text="runs the tests"))
    (*_, card) = room.shown
    assert "> ☑️ Read it\n> ▶️ Edit it" in card
    assert "-# now: Edit it\n-# runs the tests\n-# Next: Diagnose" in card
    lines = room.transcripts.list_lines(room.run.id)
    assert [(line.number, line.kind) for line in lines] == [(1, "call"), (2, "result"), (3, "step")]
    assert SECRET not in repr(lines)


async def test_a_transcript_is_bounded_and_can_be_erased(tmp_path: Path) -> None:
    room = await LiveRoom(AgentHarness(tmp_path)).start()
    for number in range(25):
        room.transcripts.add_step(f"run {number}", "begins")
    for number in range(450):
        room.transcripts.add_step("busy", f"step {number}")
    for _ in range(40):
        entry = TranscriptEntry(author="execute", kind="text", text="x" * 8_001)
        room.transcripts.add("loud", entry)
    assert [len(room.transcripts.list_lines(run)) for run in ("busy", "loud")] == [400, 37]
    assert room.transcripts.list_lines("busy")[-1].number == 450
    assert sum(len(line.text) for line in room.transcripts.list_lines("loud")) <= 300_000
    assert len(room.transcripts.get_lengths()) == 20
    assert await room.transcripts.erase(DataSubject(id=1, pseudonym="u1")) > 0
    assert not room.transcripts.list_lines("run 24")


async def test_the_card_says_what_a_long_step_waits_for_and_since_when(tmp_path: Path) -> None:
    room = await LiveRoom(AgentHarness(tmp_path)).start()
    await room.notifier.refresh(room.run, History(), "has our program check the change")
    with room.notifier.log_work(room.run):
        with name_work("the check types"):
            room.clock.tick(5)
            await room.heartbeat.beat()
            assert "⏳ the check types, for 5.0 s" in room.shown[-1]
            await asyncio.gather(_work_aside(room))
            room.clock.tick(5)
            await room.heartbeat.beat()
            assert "⏳ the check types, for 10 s" in room.shown[-1]
        room.clock.tick(5)
        await room.heartbeat.beat()
        assert "the check types" not in room.shown[-1]
    with name_work("nobody's work"):
        await room.notifier.refresh(room.run, History())
    assert "nobody" not in room.shown[-1]


async def _work_aside(room: LiveRoom) -> None:
    with name_work("the check **lint**"):
        await room.notifier.refresh(room.run, History())
    assert "⏳ the check types · the check \\*\\*lint\\*\\*, for 5.0 s" in room.shown[-1]
