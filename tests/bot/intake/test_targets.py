"""Which bot a request is about, and who may ask for work on it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.authority.approvals import ApprovalRequest
from bot.authority.policy import Act
from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.evidence import RequestAnswer
from bot.domain.guilds import AllowLists, Scope
from bot.domain.ids import create_run_id
from bot.domain.journal import Capsule
from bot.domain.people import AllowList, PeopleList, Person, Place
from bot.domain.run import Run, Trigger
from bot.grammar import COMMAND_LINE, parse
from bot.intake import FailureMatcher
from bot.intake.targets import KnownTarget
from bot.presentation.missing_failure import request_answer
from bot.self_improvement.runs.transitions import create_run
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.support.agent_harness import (
    ALICE,
    DEV,
    DORA,
    GUILD,
    MALLORY,
    PEOPLE,
    AgentHarness,
    make_capsule,
    make_failure,
)
from tests.support.intake_harness import IntakeHarness

WELCOME_CHANNEL = 4711
WALTER = Person(id=71, name="walter")
WELCOME_PEOPLE = AllowList(approvers=PeopleList(users=frozenset({WALTER.id})))


COMMANDS = {
    "welcome-bot": frozenset({"hi", "help", "bye", "wave"}),
    "music": frozenset({"play", "help", "skip", "wave"}),
}


class ThreeBots:
    """Theseus (/roll has failed), welcome-bot (/hi, /help) and music (/play, /help)."""

    def __init__(self, folder: Path, welcome_people: AllowList = PEOPLE) -> None:
        self.world = AgentHarness(folder)
        self.world.limits = replace(
            self.world.limits, target_people={"welcome-bot": welcome_people, "music": PEOPLE}
        )
        self.world.member_directory = FakeMemberDirectory((ALICE, DORA, MALLORY, WALTER))
        self.agent = self.world.create_agent()
        self.journals = {"welcome-bot": FakeJournal(), "music": FakeJournal()}
        self.fail("welcome-bot", "hi", file="cogs/greeting.py")
        self.fail("welcome-bot", "help", file="cogs/help.py")
        self.fail("music", "play", file="cogs/player.py")
        self.fail("music", "help", file="cogs/manual.py")
        others = {
            "welcome-bot": self.create("welcome-bot", welcome_people, WELCOME_CHANNEL),
            "music": self.create("music", PEOPLE, None),
        }
        self.intake = IntakeHarness(self.agent, others=others).intake

    def create(self, name: str, people: AllowList, channel_id: int | None) -> KnownTarget:
        lookback, commands = timedelta(hours=24), COMMANDS[name]
        matcher = FailureMatcher(
            self.journals[name], self.world.clock, lookback=lookback, commands=lambda: commands
        )
        return KnownTarget(name, matcher, AllowLists(people), channel_id)

    def fail(self, bot: str, command: str, file: str = "cogs/hi.py") -> str:
        """Journal a failure of a command; return the id of the record."""
        capsule: Capsule = make_capsule(
            fingerprint=f"{bot}-{command}", exception="ValueError", file=file
        )
        failure = make_failure(self.world.clock).replace(
            event=f"command.{command}", name=command, error=capsule, channel_id=99
        )
        self.journals[bot].append(failure)
        return failure.id

    def make_trigger(
        self, text: str, person: Person = ALICE, channel: int = DEV, **fields: object
    ) -> Trigger:
        plain = self.intake.targets.strip_names(text)
        subject = parse(plain, COMMAND_LINE).slots.subject
        trigger = Trigger(
            key=f"message:{text}:{person.id}",
            goal="fix",
            person=person,
            place=Place(channel_id=channel, guild_id=GUILD, message_id=1),
            text=text,
            is_verbatim=True,
            subject=subject,
            at=self.world.clock.now(),
        )
        return trigger.replace(**fields)

    async def decide(self, text: str, person: Person = ALICE, **fields: object) -> Trigger:
        """Return the request with what the intake has decided about it; work follows from it."""
        trigger = self.make_trigger(text, person, **fields)  # type: ignore[arg-type]
        decision = await self.intake.work.decide(trigger)
        assert decision.answer is None, decision.answer
        if not decision.may_ask:
            raise NotAuthorized(f"{person.name} may not ask.")
        return decision.trigger

    async def ask_back(self, text: str, bot: str | None = None) -> RequestAnswer:
        """Return the answer to a text of alice's from which no work follows."""
        answer = (await self.intake.work.decide(self.make_trigger(text), bot)).answer
        assert answer is not None
        return answer

    async def add_run(self, trigger: Trigger) -> Run:
        """Store a run that waits in a thread."""
        run = create_run(trigger, create_run_id(), self.world.clock.now())
        return await self.world.store.create(run.replace(thread_id=555))


@pytest.fixture
async def bots(tmp_path: Path) -> AsyncIterator[ThreeBots]:
    yield ThreeBots(tmp_path)


@pytest.mark.parametrize(
    ("text", "target", "event"),
    [
        ("/roll is broken", "theseus", "command.roll"),
        ("/hi is broken", "welcome-bot", "command.hi"),
        ("fix /play", "music", "command.play"),
        ("/hi stürzt ab", "welcome-bot", "command.hi"),
        ("kannst du /play reparieren", "music", "command.play"),
        ("in welcome-bot, /help fails", "welcome-bot", "command.help"),
        ("fix help of the music bot", "music", "command.help"),
        ("beim Welcome Bot stürzt /help ab", "welcome-bot", "command.help"),
        ("/help geht im music bot nicht", "music", "command.help"),
        ("bitte repariere /help vom welcome-bot", "welcome-bot", "command.help"),
    ],
)
async def test_the_bot_is_named_or_has_what_failed(
    bots: ThreeBots, text: str, target: str, event: str
) -> None:
    trigger = await bots.decide(text)
    assert trigger.target == target
    assert trigger.match is not None
    assert trigger.match.groups[0].event == event
    assert trigger.text == text


async def test_in_the_channel_of_a_bot_that_bot_is_meant(bots: ThreeBots) -> None:
    here = await bots.decide("/help is broken", channel=WELCOME_CHANNEL)
    assert here.target == "welcome-bot"
    other = await bots.decide("in music, /help is broken", channel=WELCOME_CHANNEL)
    assert other.target == "music"


async def test_with_evidence_in_several_bots_it_asks_back_with_buttons(bots: ThreeBots) -> None:
    post = request_answer(await bots.ask_back("/help is broken"), "fix")
    assert "Which bot do you mean?" in post.text
    labels = {button.label: button.arguments for button in post.buttons}
    assert list(labels) == ["welcome-bot: /help: ValueError", "music: /help: ValueError"]
    goal, error_id = labels["music: /help: ValueError"]
    pressed = await bots.decide("", error_id=error_id)
    assert goal == "fix"
    assert pressed.target == "music"


async def test_without_evidence_anywhere_theseus_is_meant_as_before(bots: ThreeBots) -> None:
    asked = await bots.ask_back("the weather forecast is broken")
    assert "Nothing in my journal matches that" in asked.diagnosis.headline


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/bye is broken", "welcome-bot: Nothing in my journal matches that."),
        ("!skip crashes, fix it", "music: Nothing in my journal matches that."),
        ("the skip command crashes", "music: Nothing in my journal matches that."),
        ("/wave is broken", "welcome-bot and music have that command"),
        ("in music, /wave is broken", "music: Nothing in my journal matches that."),
    ],
)
async def test_a_command_that_has_not_failed_finds_its_bot(
    bots: ThreeBots, text: str, words: str
) -> None:
    assert words in (await bots.ask_back(text)).diagnosis.summary


async def test_a_command_that_theseus_has_too_means_theseus(bots: ThreeBots) -> None:
    bots.world.runtime.known = {"bye": "greetings"}
    asked = await bots.ask_back("/bye is broken")
    assert asked.diagnosis.summary.startswith("Nothing in my journal")


async def test_a_bot_chosen_with_a_command_wins(bots: ThreeBots) -> None:
    trigger = bots.make_trigger("/help is broken")
    chosen = await bots.intake.work.decide(trigger, "music")
    assert chosen.trigger.target == "music"
    with pytest.raises(WrongStage, match="I know theseus, welcome-bot, music"):
        await bots.intake.ask(trigger, "musik")


async def test_the_same_failure_in_another_bot_is_no_reason_to_join_its_run(
    bots: ThreeBots,
) -> None:
    run = await bots.add_run(await bots.decide("in welcome-bot, /help fails"))
    runs = bots.intake.work.runs
    assert await runs.find("welcome-bot-help", "welcome-bot") == run
    assert await runs.find("welcome-bot-help", "music") is None


class TestPeople:
    """A bot has people of its own: only these may ask, and only these may approve."""

    @pytest.fixture
    def bots(self, tmp_path: Path) -> ThreeBots:
        return ThreeBots(tmp_path, WELCOME_PEOPLE)

    async def test_only_they_may_ask(self, bots: ThreeBots) -> None:
        trigger = await bots.decide("in welcome-bot, /hi fails", WALTER)
        assert trigger.target == "welcome-bot"
        for person in (ALICE, DORA, MALLORY):
            with pytest.raises(NotAuthorized):
                await bots.intake.ask(bots.make_trigger("in welcome-bot, /hi is broken", person))
        with pytest.raises(NotAuthorized):
            await bots.intake.ask(bots.make_trigger("in theseus, /roll is broken", WALTER))

    async def test_others_learn_nothing_about_its_failures(self, bots: ThreeBots) -> None:
        asked = await bots.ask_back("/hi is broken")
        assert "ValueError" not in asked.diagnosis.summary
        assert (await bots.decide("/help is broken")).target == "music"
        with pytest.raises(NotAuthorized):
            await bots.intake.ask(bots.make_trigger("/help is broken"), "welcome-bot")

    async def test_only_they_may_cancel_and_ship(self, bots: ThreeBots) -> None:
        run = await bots.add_run(await bots.decide("in welcome-bot, /hi fails", WALTER))
        for run_id in (run.id, f" #{run.id.upper()}"):
            with pytest.raises(NotAuthorized):
                await bots.agent.cancel(run_id, ALICE)
        policy = bots.agent.approvals.approval_policy
        with pytest.raises(NotAuthorized):
            await policy.present(ALICE, Act.SHIP, Scope("welcome-bot"))
        assert (await policy.present(WALTER, Act.SHIP, Scope("welcome-bot"))).id == WALTER.id

    async def test_an_approval_of_somebody_else_is_refused_and_audited(
        self, bots: ThreeBots
    ) -> None:
        run = await bots.add_run(await bots.decide("in welcome-bot, /hi fails", WALTER))
        for about in ({"run_id": run.id}, {"thread_id": run.thread_id}):
            request = ApprovalRequest(person=ALICE, how="text", **about)
            with pytest.raises(NotAuthorized):
                await bots.agent.approve(request)
        entries = await bots.world.store.list_audit_entries(person_id=ALICE.id)
        assert [each.allowed for each in entries if each.action == Act.SHIP] == [False, False]

    async def test_for_a_bot_that_is_not_configured_any_more_nobody_may_do_anything(
        self, bots: ThreeBots
    ) -> None:
        run = await bots.add_run(await bots.decide("in welcome-bot, /hi fails", WALTER))
        bots.world.limits = replace(bots.world.limits, target_people={})
        agent = bots.world.create_agent()
        for person in (WALTER, ALICE):
            with pytest.raises(NotAuthorized):
                await agent.cancel(run.id, person)
