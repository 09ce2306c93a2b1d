"""Every failure of the real program and its provider becomes one of our errors."""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.adapters.claude_agent.program._failures import StaleConversation
from bot.adapters.claude_agent.prompting._transcripts import build_conversation_id
from bot.domain.errors import (
    AgentError,
    AgentForbidden,
    AgentLimited,
    AgentMissing,
    AgentOutputInvalid,
    AgentOverloaded,
    AgentRefused,
    AgentSilent,
    AgentTimeout,
    AgentUnauthorized,
    AgentUnavailable,
    BudgetSpent,
    TheseusError,
)
from bot.domain.roles import Role
from tests.support.conversations import KEY, NAME, ConversationSetup, collect_reply
from tests.twins.model import (
    Request,
    ScriptedModel,
    Turn,
    break_stream,
    call_tool,
    choose_turn,
    cut_off,
    fail_request,
    fall_silent,
    give_result,
    refuse_answer,
    repeat_turn,
    say_text,
)
from tests.twins.model._script import Story

pytestmark = pytest.mark.slow

CREDIT = (
    "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits."
)
TOO_LONG = "prompt is too long: 210000 tokens > 200000 maximum"
E = TypeVar("E", bound=TheseusError)
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


@pytest.fixture
def table(tmp_path: Path) -> ConversationSetup:
    return ConversationSetup(tmp_path)


def hours(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=count)


def fit_to_be_shown(error: TheseusError, kind: type[TheseusError]) -> None:
    """Check that it is that very error, in one sentence without a dump or a key."""
    assert type(error) is kind
    assert re.fullmatch(r"[A-Z][^\n{}]{10,160}\.", str(error))
    assert KEY not in f"{error} {error.detail}"


async def failing(kind: type[E], table: ConversationSetup, story: Story, **changed: object) -> E:
    """Return the error a turn ends with."""
    with pytest.raises(kind) as caught:
        async with table.open_conversation(story, **changed) as conversation:
            await collect_reply(conversation)
    fit_to_be_shown(caught.value, kind)
    return caught.value


TOLD: list[tuple[Turn, type[AgentError], str]] = [
    (fail_request(401), AgentUnauthorized, "set ANTHROPIC_API_KEY in .env"),
    (fail_request(403), AgentForbidden, "has no access to this model"),
    (fail_request(404, message="model: sonnet"), AgentForbidden, "engine.executor.model"),
    (fail_request(429), AgentLimited, "does not say for how long"),
    (fail_request(402), AgentForbidden, "credit"),
    (fail_request(400, message=CREDIT), AgentForbidden, "please add credit"),
    (fail_request(500), AgentOverloaded, "failing (500)"),
    (fail_request(529), AgentOverloaded, "overloaded"),
    (break_stream(), AgentOverloaded, "overloaded"),
    (cut_off("I will"), AgentOverloaded, "connection"),
    (refuse_answer("I will not."), AgentRefused, "declined"),
    (fail_request(400, message=TOO_LONG), AgentOutputInvalid, "longer than the model can read"),
    (fail_request(413), AgentOutputInvalid, "longer than the model can read"),
    (fail_request(400, message="this is odd"), AgentOutputInvalid, "did not accept"),
]


async def test_each_way_the_provider_fails_is_told_apart_and_a_later_turn_may_go_well(
    table: ConversationSetup,
) -> None:
    def turn(request: Request) -> Turn:
        number = int(request.prompt.rpartition(" ")[2])
        return TOLD[number][0] if number < len(TOLD) else say_text("At last.")

    async with table.open_conversation([repeat_turn(choose_turn(turn))]) as conversation:
        for number, (_, kind, words) in enumerate(TOLD):
            with pytest.raises(kind) as caught:
                await collect_reply(conversation, f"Fail as in {number}")
            fit_to_be_shown(caught.value, kind)
            assert words in str(caught.value)
        _, reply = await collect_reply(conversation, f"Answer {len(TOLD)}")
    assert reply.text == "At last."


async def test_nobody_listening_is_unavailable(table: ConversationSetup) -> None:
    async with ScriptedModel([]) as model:
        closed = model.base_url
    with pytest.raises(AgentOverloaded, match="connection"):
        async with table.create_claude(closed).open_conversation(
            table.build_talk()
        ) as conversation:
            await collect_reply(conversation)


async def test_a_limit_that_is_longer_than_a_pause_is_told_at_once_instead_of_waited_for(
    table: ConversationSetup,
) -> None:
    async with ScriptedModel([fail_request(429, retry_after=40)]) as model:
        claude = table.create_claude(model.base_url, retries=3)
        with pytest.raises(AgentLimited) as caught:
            async with claude.open_conversation(table.build_talk()) as conversation:
                await collect_reply(conversation)
    assert caught.value.until is not None
    assert hours(0) < caught.value.until < hours(0.1)


async def test_a_rejected_key_is_told_at_once_however_often_the_program_would_ask(
    table: ConversationSetup,
) -> None:
    async with ScriptedModel([fail_request(401, times=2)]) as model:
        with pytest.raises(AgentUnauthorized):
            async with table.create_claude(model.base_url, retries=8).open_conversation(
                table.build_talk()
            ) as talk:
                await collect_reply(talk)
        assert len(model.requests) == 1


async def test_a_passing_failure_is_got_over_where_retries_allow_it(
    table: ConversationSetup,
) -> None:
    twice = ConversationSetup(table.folder, {"retries": 2})
    async with twice.open_conversation(
        [fail_request(529), cut_off("I wi"), say_text("Here.")]
    ) as conversation:
        seen, reply = await collect_reply(conversation)
    assert reply.text == "Here."
    assert len(seen) == 1


@pytest.mark.parametrize("after", [None, "I will"], ids=["before a word", "after some words"])
async def test_silence_is_told_after_the_time_that_was_set(
    table: ConversationSetup, after: str | None
) -> None:
    async with ScriptedModel([fall_silent(after)]) as model:
        claude = table.create_claude(model.base_url, silence_seconds=0.5)
        with pytest.raises(AgentSilent, match=r"sent nothing for 0\.5 s"):
            async with claude.open_conversation(table.build_talk()) as conversation:
                await collect_reply(conversation)


async def test_waiting_for_a_tool_is_no_silence(table: ConversationSetup) -> None:
    story = [call_tool("Bash", command="sleep 3"), say_text("Slept.")]
    async with ScriptedModel(story) as model:
        claude = table.create_claude(model.base_url, silence_seconds=2.0)
        async with claude.open_conversation(table.build_talk(tools=("Bash",))) as conversation:
            _, reply = await collect_reply(conversation)
    assert reply.text == "Slept."


async def test_the_time_for_the_whole_conversation_ends_it_in_the_middle_of_a_tool(
    table: ConversationSetup,
) -> None:
    story = [call_tool("Bash", command="sleep 1000").set_tokens(4_000, 10)]
    async with ScriptedModel(story) as model:
        talk = table.build_talk(tools=("Bash",), seconds=1.0)
        with pytest.raises(AgentTimeout, match=r"The time limit of 1 s was reached\."):
            async with table.create_claude(model.base_url).open_conversation(talk) as conversation:
                await collect_reply(conversation)
    assert conversation.cost.tokens_in == 4_000
    assert conversation.cost.cost_usd > 0  # the program reported it before it exited


async def test_too_many_answers_end_it(table: ConversationSetup) -> None:
    story = [call_tool("Read", file_path="x"), call_tool("Read", file_path="y")]
    role = Role(model="sonnet", turns=2)
    error = await failing(AgentTimeout, table, story, role=role)
    assert str(error) == "The model reached its limit of 2 answers."


async def test_money_ends_it_and_what_was_spent_is_known(table: ConversationSetup) -> None:
    story = [call_tool("Read", file_path="x").set_tokens(1_000_000, 1_000)]
    async with table.open_conversation(story, usd=0.5) as conversation:
        with pytest.raises(BudgetSpent, match=r"The budget of 0\.50 \$ for this call is used up\."):
            await collect_reply(conversation)
        assert conversation.cost.cost_usd > 0.5
        assert conversation.cost.tokens_in == 1_000_000


@pytest.mark.parametrize(
    "story",
    [[say_text("Forty-two."), say_text("As I said.")], [give_result({"answer": "many"})] * 5],
    ids=["no answer in the shape", "a shape that does not validate"],
)
async def test_a_structured_answer_that_does_not_come_is_invalid(
    table: ConversationSetup, story: list[Turn]
) -> None:
    await failing(AgentOutputInvalid, table, story, schema=SCHEMA)


async def test_a_program_that_is_not_there_says_how_to_get_it(table: ConversationSetup) -> None:
    claude = table.create_claude("http://127.0.0.1:9999", cli_path=table.folder / "nothing")
    with pytest.raises(AgentMissing, match="make claude"):
        async with claude.open_conversation(table.build_talk()):
            pass


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'it broke' >&2; exit 3", "ended with exit code 3"),
        ("echo 'it broke' >&2; kill -SEGV $$", "was killed by SIGSEGV"),
        ("echo 'it broke' >&2; echo '{not json'; cat >/dev/null", "broke"),
    ],
    ids=["at start", "by a signal", "in its speech"],
)
async def test_a_program_that_crashes_is_told_with_its_last_words_for_the_journal(
    table: ConversationSetup, script: str, words: str
) -> None:
    program = table.folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    claude = table.create_claude("http://127.0.0.1:9999", cli_path=program)
    with pytest.raises(AgentUnavailable) as caught:
        async with claude.open_conversation(table.build_talk()):
            pass
    assert words in str(caught.value)
    assert "it broke" in caught.value.detail
    assert "it broke" not in str(caught.value)


async def test_a_program_killed_in_the_middle_of_a_turn_is_told(table: ConversationSetup) -> None:
    story = [call_tool("Bash", command="kill -9 $CLAUDE_PID; sleep 1000")]
    error = await failing(AgentUnavailable, table, story, tools=("Bash",))
    assert str(error) == "The Claude Code program was killed by SIGKILL."


async def test_a_folder_that_is_gone_is_told(table: ConversationSetup) -> None:
    gone = table.folder / "gone"
    with pytest.raises(AgentUnavailable):
        async with table.create_claude("http://127.0.0.1:9999").open_conversation(
            table.build_talk(cwd=gone)
        ):
            pass


@pytest.mark.parametrize("rest", ["garbage\n{{{\n", '{"type": "user"}\n'])
async def test_a_damaged_conversation_is_stale_and_a_fresh_one_can_be_begun(
    table: ConversationSetup, rest: str
) -> None:
    async with ScriptedModel([say_text("One."), say_text("Two.")]) as model:
        claude = table.create_claude(model.base_url)
        async with claude.open_conversation(table.build_talk()) as conversation:
            await collect_reply(conversation)
        (transcript,) = table.home.rglob(f"{build_conversation_id(NAME)}.jsonl")
        transcript.write_text(rest)
        with pytest.raises(StaleConversation):
            async with claude.open_conversation(table.build_talk()) as conversation:
                await collect_reply(conversation)
        async with claude.open_conversation(table.build_talk(fresh=True)) as conversation:
            _, reply = await collect_reply(conversation)
    assert reply.text == "Two."


async def test_a_conversation_the_provider_does_not_accept_any_more_is_stale(
    table: ConversationSetup,
) -> None:
    story = [say_text("One."), fail_request(400, message="this is odd", times=4)]
    async with ScriptedModel(story) as model:
        claude = table.create_claude(model.base_url)
        async with claude.open_conversation(table.build_talk()) as conversation:
            await collect_reply(conversation)
        with pytest.raises(StaleConversation):
            async with claude.open_conversation(table.build_talk()) as conversation:
                await collect_reply(conversation)


WITHOUT = """
import asyncio, sys
from pathlib import Path
sys.modules["claude_agent_sdk"] = None
from bot.adapters.claude_agent import Claude, ClaudeOptions
from bot.adapters.claude_agent.program._program import Talk
from theseus_rehearsal.sandbox import PlainSandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.roles import Role
from tests.fakes.fake_model_gateway import ACCOUNT, FakeModelGateway

async def main():
    here = Path(sys.argv[1])
    claude = Claude(ClaudeOptions(here, PlainSandbox()), SystemClock(), FakeModelGateway())
    async with claude.open_conversation(Talk("a", Role(model="sonnet"), here, "Hello.", ACCOUNT)):
        pass

asyncio.run(main())
"""


async def test_without_the_package_the_engine_is_missing_and_says_how_to_get_it(
    table: ConversationSetup,
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WITHOUT, str(table.folder), stderr=asyncio.subprocess.PIPE
    )
    _, told = await child.communicate()
    assert child.returncode == 1
    assert f"{AgentMissing.__name__}: The Claude Code program is not installed" in told.decode()
