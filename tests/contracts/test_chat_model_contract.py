"""What every chat model promises: one answer, with the rights of whoever wrote the message."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.errors import AgentError, AgentOverloaded
from bot.ports.chat_model import ChatModel, FinalReply, PartialReply
from tests.fakes.fake_chat_model import FakeChatModel, ScriptedAction
from tests.fakes.fake_chat_tools import FakeChatTools
from tests.support.chat_model_room import ChatRoom, make_turn, open_chat_room
from tests.twins.model import Turn, call_tool, fail_request, hold_turn, say_text

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Parlour:
    """A chat model, and a way to say what it is to do for the next messages."""

    chat_model: ChatModel
    room: ChatRoom | None = None
    fake: FakeChatModel | None = None

    def will(self, *actions: ScriptedAction) -> None:
        if self.fake is not None:
            self.fake.actions[:] = actions
        if self.room is not None:
            self.room.set_turns(*(play for action in actions for play in _plays(action)))

    def results(self) -> list[str]:
        """Return what tools said to the model."""
        if self.fake is not None:
            return self.fake.results
        assert self.room is not None
        return [result.text for result in self.room.model.list_tool_results()]

    async def say(
        self, chat_tools: FakeChatTools, text: str = "Hello?", **more: int
    ) -> list[PartialReply | FinalReply]:
        return [each async for each in self.chat_model.talk(make_turn(text, **more), chat_tools)]


def _plays(action: ScriptedAction) -> Sequence[Turn]:
    """Return what a model does that does the action."""
    used = [
        call_tool(f"mcp__theseus__{tool}", **_arguments(tool, what)) for tool, what in action.tools
    ]
    if action.error is not None:
        return [*used, fail_request(529)]
    last = say_text(action.text)
    return [*used, last if action.gate is None else hold_turn(action.gate, last)]


def _arguments(tool: str, what: str) -> dict[str, object]:
    return {"what": what} if tool in ("investigate", "fix") else {}


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=["fake", pytest.param("claude", marks=pytest.mark.slow)],
)
async def parlour(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parlour]:
    """Lend one chat model to all tests: a program takes a second to start."""
    if request.param == "fake":
        fake = FakeChatModel()
        yield Parlour(fake, fake=fake)
        return
    folder: Path = tmp_path_factory.mktemp("chat-model")
    async with open_chat_room(folder) as room:
        yield Parlour(room.chat_model, room=room)


async def test_an_answer_grows_and_ends_with_exactly_one_last_word(parlour: Parlour) -> None:
    parlour.will(ScriptedAction("Fine, thanks."))
    *growing, last = await parlour.say(FakeChatTools())
    assert isinstance(last, FinalReply)
    assert (last.text, last.cost_usd > 0, last.tokens_in > 0) == ("Fine, thanks.", True, True)
    assert growing
    assert all(isinstance(each, PartialReply) for each in growing)
    assert all(last.text.startswith(each.text) for each in growing)


async def test_each_turn_acts_with_the_hands_it_was_lent(parlour: Parlour) -> None:
    alice, dora = FakeChatTools("alice"), FakeChatTools("dora")
    parlour.will(
        ScriptedAction("I look.", tools=[("investigate", "rolling dice")]),
        ScriptedAction("I mend.", tools=[("fix", "polls"), ("status", "")]),
    )
    await parlour.say(alice)
    await parlour.say(dora)
    assert alice.done == [("investigate", "rolling dice")]
    assert dora.done == [("fix", "polls"), ("status", "")]
    assert any("investigate for alice: rolling dice" in result for result in parlour.results())


async def test_who_may_not_is_refused_by_the_tool_and_answered_all_the_same(
    parlour: Parlour,
) -> None:
    mallory = FakeChatTools("mallory", listed=False)
    parlour.will(ScriptedAction("Sorry, no.", tools=[("fix", "everything"), ("investigate", "it")]))
    assert (await parlour.say(mallory))[-1].text == "Sorry, no."
    assert mallory.done == []
    refused = [result for result in parlour.results() if "Sorry mallory, you are not" in result]
    assert len(refused) == 2


async def test_turns_of_one_channel_follow_each_other_each_with_its_own_hands(
    parlour: Parlour,
) -> None:
    gate = asyncio.Event()
    alice, dora = FakeChatTools("alice"), FakeChatTools("dora")
    parlour.will(
        ScriptedAction("First.", gate=gate), ScriptedAction("Second.", tools=[("fix", "dice")])
    )
    first = asyncio.create_task(parlour.say(alice))
    second = asyncio.create_task(parlour.say(dora))
    done, _ = await asyncio.wait({second}, timeout=0.05)
    assert not done
    assert dora.done == []
    gate.set()
    assert [(await each)[-1].text for each in (first, second)] == ["First.", "Second."]
    assert (alice.done, dora.done) == ([], [("fix", "dice")])


async def test_what_fails_is_our_error_and_the_next_turn_is_answered(parlour: Parlour) -> None:
    parlour.will(ScriptedAction("No.", error=AgentOverloaded("The provider is overloaded.")))
    with pytest.raises(AgentError):
        await parlour.say(FakeChatTools())
    parlour.will(ScriptedAction("Here again."))
    assert (await parlour.say(FakeChatTools()))[-1].text == "Here again."


async def test_a_turn_that_is_left_touches_nothing_afterwards(parlour: Parlour) -> None:
    gate, chat_tools = asyncio.Event(), FakeChatTools()
    parlour.will(ScriptedAction("One moment.", gate=gate))
    async with aclosing(parlour.chat_model.talk(make_turn(), chat_tools)) as answer:
        leaving = asyncio.create_task(_until_growing(answer))
        await asyncio.wait({leaving}, timeout=0.3)
        leaving.cancel()
        await asyncio.wait({leaving})
    gate.set()
    parlour.will(ScriptedAction("Back.", tools=[("status", "")]))
    other = FakeChatTools("dora")
    assert (await parlour.say(other))[-1].text == "Back."
    assert (chat_tools.done, other.done) == ([], [("status", "")])


async def _until_growing(answer: AsyncIterator[PartialReply | FinalReply]) -> None:
    async for _ in answer:
        pass


async def test_hushed_it_breaks_off_and_the_next_turn_begins_afresh(parlour: Parlour) -> None:
    gate = asyncio.Event()
    parlour.will(
        ScriptedAction("Here."), ScriptedAction("Slowly, slowly, very slowly indeed.", gate=gate)
    )
    await parlour.say(FakeChatTools())
    talking = asyncio.create_task(parlour.say(FakeChatTools()))
    await asyncio.wait({talking}, timeout=0.3)
    await parlour.chat_model.cancel_turns()
    with pytest.raises(AgentError):
        await asyncio.wait_for(talking, 20)
    gate.set()
    parlour.will(ScriptedAction("Here again."))
    assert (await parlour.say(FakeChatTools()))[-1].text == "Here again."
