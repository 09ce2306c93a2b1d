"""Memories are found by words and by meaning; without an encoder by words alone."""

from datetime import UTC, datetime, timedelta

from bot.domain.meanings import MeaningUnavailable
from bot.domain.memory import Memory, MemoryKind
from bot.memory.note_search import find_notes, search_memories
from tests.fakes.fake_meaning_rater import FakeMeaningRater
from tests.fakes.fake_memory import FakeMemory

NOTES = ("votes are wiped on friday", "releases happen on tuesday", "the logo is by tom")


async def open_memory() -> FakeMemory:
    memory = FakeMemory()
    for number, text in enumerate(NOTES):
        await memory.remember(build_memory(number, "note", text))
    await memory.remember(build_memory(9, "fix", "ballot sums are right now"))
    return memory


def build_memory(number: int, kind: MemoryKind, text: str) -> Memory:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    return Memory(key=f"{kind}:{number}", kind=kind, text=text, at=at)


async def test_a_question_in_other_words_finds_its_note_and_only_notes() -> None:
    memory, rater = await open_memory(), FakeMeaningRater("votes ballot polls", "releases deploy")
    found = await find_notes(memory, rater, "when are polls cleared?")
    assert [each.text for each in found] == [NOTES[0]]
    assert await find_notes(memory, None, "when are polls cleared?") == ()
    assert await find_notes(memory, rater, "who owns the weather?") == ()


async def test_words_and_meaning_are_fused_in_a_search() -> None:
    memory, rater = await open_memory(), FakeMeaningRater("votes ballot logo polls")
    found = await search_memories(memory, rater, "polls and the logo", 10)
    assert found[0].memory.text == NOTES[2]
    assert {each.memory.text for each in found[1:]} == {NOTES[0], "ballot sums are right now"}
    assert {each.because for each in found[1:]} == {"the meaning"}
    assert len(await search_memories(memory, rater, "polls and the logo", 1)) == 1


async def test_the_newest_need_no_encoder_and_without_an_answer_the_words_decide() -> None:
    memory, rater = await open_memory(), FakeMeaningRater("votes polls")
    assert len(await search_memories(memory, rater, "", 2)) == 2
    assert rater.asked == []
    rater.failure = MeaningUnavailable("it has ended")
    found = await search_memories(memory, rater, "the logo", 10)
    assert [each.memory.text for each in found] == [NOTES[2]]
    assert await find_notes(memory, rater, "when are polls cleared?") == ()
