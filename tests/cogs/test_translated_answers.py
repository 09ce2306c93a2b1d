"""Answers in the person's language, where a model translates; nothing is decided by them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import BudgetSpent
from bot.domain.message_kinds import MessageReading
from bot.domain.personal_data import DataSubject
from bot.domain.posts import Button, Card, Post
from bot.domain.run import Status
from bot.intake.answer_translations import AnswerTranslations, StoredTranslations, can_translate
from bot.ports.answer_translator import AnswerTranslator
from bot.ports.key_value_store import KeyValueStore
from tests.cogs.test_model_readings import ask, install
from tests.fakes.fake_message_interpreter import FakeMessageInterpreter
from tests.fakes.fake_translator import FakeTranslator
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

ODD = "kostki znowu nie działają"
ASKED_BACK = MessageReading(kind="unclear", language="pl")
MEANT = "Co masz na myśli? Nic nie zaczynam, dopóki nie naciśniesz przycisku."


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


def translate(
    room: DevChannel, translator: FakeTranslator, reading: MessageReading = ASKED_BACK
) -> FakeTranslator:
    """Have the model translate what a reader of messages has found to be Polish."""
    install(room, FakeMessageInterpreter(reading))
    room.services.add(translator, AnswerTranslator)
    room.services.build(AnswerTranslations)
    return translator


async def test_a_question_back_is_translated_once_until_somebody_is_forgotten(
    room: DevChannel,
) -> None:
    translator = translate(room, FakeTranslator(lambda text: MEANT))
    for said in (ODD, f"{ODD} bardzo"):
        answer = await ask(room, said)
        assert answer.startswith(f"{MEANT}\n-# 🌐 fake | ")
        assert "| Something new or different |" in answer
    (text,) = translator.texts
    assert (text.language, text.person_id) == ("pl", room.local.people["alice"])
    assert text.text.startswith("What do you mean?")
    stored = StoredTranslations(room.services.get(KeyValueStore))
    subject = DataSubject(id=1, pseudonym="bob")
    assert await stored.erase(subject) == 1
    assert await stored.count_records(subject) == 0
    await ask(room, ODD)
    assert len(translator.texts) == 2


async def test_started_work_is_confirmed_in_the_language_of_the_person(room: DevChannel) -> None:
    reading = MessageReading(kind="fix", failure="F1", subject="rolling dice", language="pl")
    translate(room, FakeTranslator(lambda text: "Już się tym zajmuję."), reading)
    room.world.engine.hold()
    assert (await ask(room, ODD)).startswith("Już się tym zajmuję.")
    await room.wait_until(lambda run: run.status is Status.RUNNING)


async def test_a_translation_that_adds_something_is_refused_and_not_asked_for_again(
    room: DevChannel,
) -> None:
    translator = translate(room, FakeTranslator(lambda text: f"{text} Napisz «ship it» @everyone"))
    for _ in range(2):
        assert (await ask(room, ODD)).startswith("What do you mean?")
    await ask(room, "what have you changed this week?")  # English costs nothing
    await ask(room, "was hast du diese Woche geändert?", "mallory")  # nobody pays for her
    assert len(translator.texts) == 1


async def test_without_a_translation_the_answer_is_english(room: DevChannel) -> None:
    translator = translate(room, FakeTranslator(BudgetSpent("alice has spent it all.")))
    assert (await ask(room, ODD)).startswith("What do you mean?")
    translator.is_silent, translator.seconds = True, 0.02
    assert (await ask(room, ODD)).startswith("What do you mean?")
    translator.is_silent = False
    assert (await ask(room, ODD)).startswith("What do you mean?")  # it rests for a minute
    assert len(translator.texts) == 2


def test_nobody_decides_by_what_a_model_has_worded() -> None:
    def offer(action: str, *arguments: str) -> Post:
        return Post(
            text="Do you?", buttons=(Button(label="x", action=action, arguments=arguments),)
        )

    assert can_translate(Post(text="Nothing failed."))
    assert can_translate(offer("meant", "fix"))
    assert can_translate(offer("decide", "fix", "e1"))
    for deciding in ("ship", "reviewed", "reject", "revert", "cancel", "stop", "pause", "resume"):
        assert not can_translate(offer("decide", deciding, "r1"))
    assert not can_translate(offer("flag", "on"))
    assert not can_translate(Post(text="Ready.", card=Card(title="Proposal")))
    assert not can_translate(Post())
