"""Limits and accounts of a conversation, with a scripted program."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.claude_agent.chat._chat_turns import ClaudeOptions, Talk
from bot.adapters.claude_agent.program._conversation import ProgramConversation
from bot.adapters.claude_agent.program._events import ModelReply, ModelText, Seen
from bot.adapters.claude_agent.program._transport_events import (
    Alive,
    Heard,
    ProgramError,
    Retrying,
    TextBlockReceived,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    UsageReported,
)
from bot.adapters.system_clock import SystemClock
from bot.domain.cost import Cost
from bot.domain.errors import AgentLimited, AgentOverloaded, AgentSilent, AgentTimeout
from bot.domain.roles import Role
from tests.fakes.fake_model_gateway import ACCOUNT, make_lease


class Written:
    """A line that tells what was written down, then nothing more: `bot...Line`."""

    model = "claude-sonnet-5-5"
    stderr = ""

    def __init__(self, *turns: Sequence[Heard]) -> None:
        self._turns = list(turns)
        self.prompts: list[str] = []

    async def open(self) -> None:
        """Nothing is to be opened."""

    async def send(self, prompt: str) -> None:
        self.prompts.append(prompt)

    async def receive(self) -> AsyncGenerator[Heard, None]:
        for heard in self._turns.pop(0):
            yield heard
        await asyncio.Event().wait()

    async def close(self, *, at_once: bool) -> None:
        """Nothing is to be closed."""


def conversation(
    line: Written, folder: Path, *, silence: float = 30.0, seconds: float = 30.0
) -> ProgramConversation:
    options = ClaudeOptions(folder, PlainSandbox(), silence_seconds=silence)
    role, lent = Role(model="sonnet"), make_lease()
    talk = Talk("a:1:executor", role, folder, "Hello.", ACCOUNT, seconds=seconds)
    kept = folder / "kept.jsonl"
    return ProgramConversation(
        line, options, talk, lent, SystemClock(), kept if kept.exists() else None
    )


async def told(talk: ProgramConversation) -> list[Seen | ModelReply]:
    return [event async for event in talk.say("Go.")]


async def test_tokens_are_counted_once_for_each_answer_however_often_they_are_told(
    tmp_path: Path,
) -> None:
    line = Written(
        [
            *(
                UsageReported("a", 100, 1),
                TextBlockReceived("Hm."),
                UsageReported("a", 100, 1),
                UsageReported("a", 0, 40),
            ),
            UsageReported("b", 200, 5),
            TurnEnded(failed=False, text="Done.", cost_usd=0.5, tokens_in=300, tokens_out=45),
        ]
    )
    spoke, reply = await told(conversation(line, tmp_path))
    assert spoke == ModelText("Hm.", Cost(tokens_in=100, tokens_out=1))
    assert reply == ModelReply("Done.", None, Cost(cost_usd=0.5, tokens_in=300, tokens_out=45))


async def test_what_the_program_used_beside_the_conversation_counts_too(tmp_path: Path) -> None:
    line = Written(
        [UsageReported("a", 100, 10), TurnEnded(failed=False, tokens_in=150, tokens_out=12)]
    )
    (reply,) = await told(conversation(line, tmp_path))
    assert reply == ModelReply("", None, Cost(tokens_in=150, tokens_out=12))


async def test_what_was_used_before_a_restart_is_not_counted_again(tmp_path: Path) -> None:
    models = {"m": {"inputTokens": 900, "cacheReadInputTokens": 100, "outputTokens": 50}}
    row = {"type": "cost-state", "totalCostUSD": 2.0, "modelUsage": models}
    (tmp_path / "kept.jsonl").write_text(f"not json\n{json.dumps(row)}\n")
    line = Written([TurnEnded(failed=False, cost_usd=2.5, tokens_in=1_200, tokens_out=60)])
    talk = conversation(line, tmp_path)
    assert talk.is_resumed
    (reply,) = await told(talk)
    assert reply == ModelReply("", None, Cost(cost_usd=0.5, tokens_in=200, tokens_out=10))


async def test_silence_after_retries_is_told_as_what_the_retries_were_for(tmp_path: Path) -> None:
    line = Written([Alive(), Retrying(529, 0.5)])
    with pytest.raises(AgentOverloaded):
        await told(conversation(line, tmp_path, silence=0.1))


async def test_asking_again_and_again_is_no_sign_of_life(tmp_path: Path) -> None:
    line = Written([Retrying(None, 0.5)] * 3)
    with pytest.raises(AgentSilent):
        await told(conversation(line, tmp_path, silence=0.1))


async def test_only_a_call_that_has_not_returned_excuses_silence(tmp_path: Path) -> None:
    call = ToolCalled("1", "Bash", {"command": "make"})
    with pytest.raises(AgentTimeout):
        await told(conversation(Written([call]), tmp_path, silence=0.05, seconds=0.3))
    line = Written([call, ToolReturned("1", failed=False, text="made")])
    with pytest.raises(AgentSilent):
        await told(conversation(line, tmp_path, silence=0.05, seconds=30.0))


async def test_the_time_counts_over_all_turns_from_the_first_word(tmp_path: Path) -> None:
    line = Written([TurnEnded(failed=False, text="One.")], [])
    talk = conversation(line, tmp_path, seconds=0.2)
    await told(talk)
    with pytest.raises(AgentTimeout):
        await told(talk)


async def test_a_limit_is_waited_for_only_where_it_is_short(tmp_path: Path) -> None:
    line = Written([Retrying(429, 2.0), TurnEnded(failed=False, text="Done.")])
    (reply,) = await told(conversation(line, tmp_path))
    assert reply == ModelReply("Done.", None, Cost())
    with pytest.raises(AgentLimited) as caught:
        await told(conversation(Written([Retrying(429, 36.0)]), tmp_path))
    assert caught.value.until is not None


async def test_what_the_program_says_in_the_models_place_is_not_the_models_word(
    tmp_path: Path,
) -> None:
    line = Written(
        [ProgramError("server_error", "API Error: 529"), TurnEnded(failed=True, status=529)]
    )
    with pytest.raises(AgentOverloaded):
        await told(conversation(line, tmp_path))
