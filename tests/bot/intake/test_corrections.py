"""Corrections are remembered of each person, without secrets, and can be erased."""

import pytest

from bot.domain.correction import Correction, Meaning
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent
from bot.domain.people import AllowList, PeopleList, Person
from bot.domain.personal_data import DataSubject
from bot.grammar import COMMAND_LINE, Utterance
from bot.intake.corrections import MOST, PREFIX, Corrections
from bot.listener.second_opinion import understand
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_key_value_store import FakeKeyValueStore

ALICE, BOB, MALLORY = (
    Person(id=number, name=name) for number, name in enumerate(("alice", "bob", "mallory"), 1)
)
LISTED = AllowLists(AllowList(developers=PeopleList(users=frozenset({ALICE.id, BOB.id}))))
REPORT = "rolling dice keeps crashing"


class Memory:
    """Corrections over stores in memory; `restart` reads them again."""

    def __init__(self) -> None:
        self.key_values, self.clock = FakeKeyValueStore(), FakeClock()
        self.corrections = Corrections(self.key_values, self.clock, LISTED)

    async def restart(self) -> None:
        self.corrections = Corrections(self.key_values, self.clock, LISTED)
        await self.corrections.load()

    async def correct(self, text: str, meaning: Meaning, person: Person = ALICE) -> None:
        await self.corrections.remember(text, person, Intent.FIX, meaning)
        self.clock.tick(1)

    def read(self, text: str, person: Person = ALICE) -> Utterance:
        utterance = understand(text, COMMAND_LINE)
        return self.corrections.apply(text, utterance, person, COMMAND_LINE)

    async def list_stored(self) -> tuple[Correction, ...]:
        return await self.key_values.list_records(PREFIX, Correction)


@pytest.fixture
def memory() -> Memory:
    return Memory()


async def test_an_equal_sentence_is_obeyed_and_a_similar_one_is_asked_back(memory: Memory) -> None:
    await memory.correct(REPORT, "change")
    await memory.restart()
    assert memory.read(f"{REPORT.upper()}. ").intent is Intent.CHANGE
    assert memory.read(f"{REPORT} today").is_unclear_request
    assert memory.read("the polls keep crashing").intent is Intent.INVESTIGATE
    await memory.correct(REPORT, "nothing")
    assert memory.read(REPORT).intent is Intent.CHAT


async def test_a_correction_of_somebody_else_only_makes_the_bot_ask(memory: Memory) -> None:
    await memory.correct(REPORT, "nothing")
    assert memory.read(REPORT, BOB).is_unclear_request
    assert memory.read(REPORT, MALLORY) == understand(REPORT, COMMAND_LINE)  # a report stays one


async def test_no_secret_is_stored_and_texts_are_short(memory: Memory) -> None:
    token = "ghp_" + "a1B2" * 9
    await memory.correct(f"the login with {token} fails {'very ' * 300}badly", "ask")
    [stored] = await memory.list_stored()
    assert token not in stored.model_dump_json()
    assert len(stored.sentence) <= 400


async def test_decisions_ignore_what_is_stored_about_them(memory: Memory) -> None:
    for text in ("ship it", "stop everything", "yes please ship"):
        await memory.correct(text, "nothing")
        assert memory.read(text) == understand(text, COMMAND_LINE)


async def test_the_same_is_counted_and_the_oldest_makes_room(memory: Memory) -> None:
    await memory.correct(REPORT, "ask")
    await memory.correct(REPORT, "ask")
    assert [each.times for each in await memory.list_stored()] == [2]
    for number in range(MOST):
        await memory.correct(f"sentence {'x' * number}", "ask")
    stored = await memory.list_stored()
    assert len(stored) == MOST
    assert REPORT not in {each.sentence for each in stored}
    assert memory.read(REPORT).intent is Intent.INVESTIGATE


async def test_people_erase_their_own_and_nobody_elses(memory: Memory) -> None:
    await memory.correct(REPORT, "ask")
    await memory.correct(REPORT, "change", BOB)
    subject = DataSubject(id=ALICE.id, pseudonym="u1")
    assert await memory.corrections.count_records(subject) == 1
    assert await memory.corrections.erase(subject) == 1
    assert [each.person_id for each in await memory.list_stored()] == [BOB.id]
    assert await memory.corrections.erase(subject) == 0
    assert memory.read(REPORT).is_unclear_request  # bob's


async def test_with_records_that_cannot_be_read_people_are_still_understood(memory: Memory) -> None:
    await memory.correct(REPORT, "ask")
    name = next(iter(memory.key_values.bodies))
    memory.key_values.bodies[name] = '{"meaning": "ship"}'
    await memory.restart()
    assert memory.read(REPORT) == understand(REPORT, COMMAND_LINE)
