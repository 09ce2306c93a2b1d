"""The real Claude Code program in conversation with a scripted model."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from claude_agent_sdk import create_sdk_mcp_server, tool

from bot.adapters.claude_agent.program._events import (
    Allow,
    Deny,
    ModelText,
    Ruling,
    ToolCall,
    ToolResult,
)
from bot.domain.errors import AgentUnavailable
from bot.domain.roles import Role
from tests.support.conversations import KEY, NAME, ConversationSetup, collect_reply
from tests.twins.model import (
    ScriptedModel,
    call_tool,
    call_unknown_tool,
    combine_parts,
    give_result,
    say_text,
    think_aloud,
)

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.fixture
def table(tmp_path: Path) -> ConversationSetup:
    return ConversationSetup(tmp_path)


async def test_what_the_model_says_and_does_is_told_in_order_and_the_reply_comes_last(
    table: ConversationSetup,
) -> None:
    (table.cwd / "dice.py").write_text("SIDES = 6\n")
    story = [
        combine_parts(say_text("I look."), call_tool("Read", file_path="dice.py")).set_tokens(
            1_000, 50
        ),
        say_text("Six sides.").set_tokens(2_000, 30),
        say_text("Still six.").set_tokens(3_000, 20),
    ]
    async with table.open_conversation(story) as conversation:
        (spoke, called, returned, last), reply = await collect_reply(conversation)
        assert isinstance(spoke, ModelText) and spoke.text == "I look."
        assert isinstance(called, ToolCall) and called.tool == "Read"
        assert called.arguments == {"file_path": str(table.cwd / "dice.py")}
        assert isinstance(returned, ToolResult) and not returned.failed
        assert (returned.id, returned.tool) == (called.id, "Read")
        assert "SIDES = 6" in returned.text
        assert isinstance(last, ModelText)
        assert (reply.text, reply.structured) == ("Six sides.", None)
        assert called.cost.tokens_in == 1_000
        assert (reply.cost.tokens_in, reply.cost.tokens_out) == (3_000, 80)
        assert reply.cost.cost_usd > 0

        _, again = await collect_reply(conversation, "And now?")
        assert again.text == "Still six."
        assert (again.cost.tokens_in, again.cost.tokens_out) == (6_000, 100)
        assert again.cost.cost_usd > reply.cost.cost_usd
        assert again.cost == conversation.cost


@pytest.mark.slow
async def test_the_model_is_asked_as_the_talk_says(table: ConversationSetup) -> None:
    async with ScriptedModel([think_aloud("Hm.", say_text("Done."))]) as model:
        talk = table.build_talk(
            role=Role(model="claude-opus-5-5", effort="low"), tools=("Read", "Edit")
        )
        async with table.create_claude(model.base_url).open_conversation(talk) as conversation:
            _, reply = await collect_reply(conversation, "@/etc/hostname /clear is only text")
    assert reply.text == "Done."
    (request,) = model.list_requests()
    assert request.model == "claude-opus-5-5"
    assert talk.system in request.system
    assert set(request.tools) == {"Read", "Edit"}
    assert request.prompt.endswith("@/etc/hostname /clear is only text")
    assert request.headers["x-api-key"].startswith(KEY)


async def test_only_the_tools_that_were_listed_can_be_reached(table: ConversationSetup) -> None:
    asked: list[str] = []

    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        asked.append(name)
        return Allow()

    story = [
        call_unknown_tool("Bash", command="touch reached"),
        call_unknown_tool("WebFetch", url="http://127.0.0.1/", prompt="read"),
        call_unknown_tool("Task", description="do", prompt="do", subagent_type="general-purpose"),
        call_unknown_tool("Skill", skill="doctor"),
        call_unknown_tool("Write", file_path=str(table.cwd / "reached"), content="here"),
        call_unknown_tool("mcp__other__act"),
        say_text("None of them."),
    ]
    async with table.open_conversation(story, judge=judge) as conversation:
        seen, _ = await collect_reply(conversation)
    returned = [event for event in seen if isinstance(event, ToolResult)]
    assert len(returned) == 6
    assert all(event.failed for event in returned)
    assert asked == []
    assert not (table.cwd / "reached").exists()


@pytest.mark.slow
async def test_a_judge_allows_denies_with_a_reason_and_changes_arguments(
    table: ConversationSetup,
) -> None:
    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        assert name == "Bash"
        if "rm" in str(arguments["command"]):
            return Deny("Nothing may be removed; leave the file where it is.")
        return Allow({**arguments, "command": "echo instead"})

    story = [
        call_tool("Bash", command="rm -rf ."),
        call_tool("Bash", command="echo this"),
        say_text("I see."),
    ]
    async with table.open_conversation(story, tools=("Bash",), judge=judge) as conversation:
        seen, _ = await collect_reply(conversation)
    denied, allowed = [event for event in seen if isinstance(event, ToolResult)]
    assert denied.failed
    assert "leave the file where it is" in denied.text
    assert (allowed.failed, allowed.text.strip()) == (False, "instead")


@pytest.mark.slow
async def test_a_judge_that_fails_denies(table: ConversationSetup) -> None:
    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        raise LookupError("the judge is confused")

    story = [call_tool("Bash", command="touch reached"), say_text("I may not.")]
    async with table.open_conversation(story, tools=("Bash",), judge=judge) as conversation:
        seen, reply = await collect_reply(conversation)
    (returned,) = [event for event in seen if isinstance(event, ToolResult)]
    assert returned.failed
    assert reply.text == "I may not."
    assert not (table.cwd / "reached").exists()


@pytest.mark.slow
async def test_tools_of_ours_are_called_in_this_process_and_judged_too(
    table: ConversationSetup,
) -> None:
    judged: list[str] = []

    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        judged.append(name)
        return Allow()

    @tool("roll", "Roll dice.", {"sides": int})
    async def roll(arguments: dict[str, int]) -> dict[str, object]:
        return {"content": [{"type": "text", "text": f"rolled a {arguments['sides']}"}]}

    server = create_sdk_mcp_server("theseus", tools=[roll])
    story = [call_tool("mcp__theseus__roll", sides=4), say_text("Four.")]
    async with table.open_conversation(story, tools=(), server=server, judge=judge) as conversation:
        seen, _ = await collect_reply(conversation)
    returned = seen[1]
    assert isinstance(returned, ToolResult)
    assert (returned.tool, returned.text) == ("mcp__theseus__roll", "rolled a 4")
    assert judged == ["mcp__theseus__roll"]


@pytest.mark.slow
async def test_an_answer_with_a_schema_comes_structured(table: ConversationSetup) -> None:
    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        return Deny("no tool of yours")

    story = [give_result({"answer": "no number"}), give_result({"answer": 42})]
    async with table.open_conversation(story, schema=SCHEMA, judge=judge) as conversation:
        seen, reply = await collect_reply(conversation)
    assert seen == []
    assert reply.structured == {"answer": 42}


@pytest.mark.slow
async def test_nothing_of_the_bots_own_environment_reaches_the_program_or_its_commands(
    table: ConversationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "discord-secret")
    monkeypatch.setenv("GITHUB_TOKEN", "github-secret")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "somebody-elses")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    command = 'env; tr "\\0" "\\n" < /proc/$CLAUDE_PID/environ; ls -l $HOME'
    async with ScriptedModel([call_tool("Bash", command=command), say_text("Seen.")]) as model:
        talk = table.build_talk(tools=("Bash",))
        async with table.create_claude(model.base_url).open_conversation(talk) as conversation:
            await collect_reply(conversation)
    (result,) = model.list_tool_results()
    for secret in ("discord-secret", "github-secret", "somebody-elses", KEY):
        assert secret not in result.text
    assert f"HOME={table.home}" in result.text
    assert "HTTPS_PROXY" not in result.text  # it reaches the gateway alone
    assert "DISABLE_TELEMETRY=1" in result.text
    assert model.list_requests()[0].headers["x-api-key"].startswith(KEY)
    assert table.home.stat().st_mode & 0o077 == 0
    kept = [path for path in table.home.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in kept)


@pytest.mark.slow
async def test_a_conversation_is_gone_on_with_by_its_name_in_a_new_process(
    table: ConversationSetup,
) -> None:
    story = [
        say_text("The word is plum.").set_tokens(10_000, 100),
        say_text("It was plum.").set_tokens(500, 10),
        say_text("Which word?"),
    ]
    async with ScriptedModel(story) as model:
        claude = table.create_claude(model.base_url)
        assert not claude.has_transcript(NAME)
        async with claude.open_conversation(table.build_talk()) as first:
            assert not first.is_resumed
            await collect_reply(first, "Remember a word.")
        assert claude.has_transcript(NAME)
        assert not claude.has_transcript("another:1:executor")

        claude = table.create_claude(model.base_url)
        async with claude.open_conversation(table.build_talk(usd=0.01)) as second:
            assert second.is_resumed
            await collect_reply(second, "Which was it?")
            assert (second.cost.tokens_in, second.cost.tokens_out) == (500, 10)
            assert 0 < second.cost.cost_usd < first.cost.cost_usd / 10
        assert "The word is plum." in model.list_requests()[1].text

        async with claude.open_conversation(table.build_talk(fresh=True)) as third:
            assert not third.is_resumed
            await collect_reply(third, "Which was it?")
        assert "The word is plum." not in model.list_requests()[2].text

    claude.forget(NAME)
    assert not claude.has_transcript(NAME)


async def test_old_conversations_are_removed_and_young_ones_kept(table: ConversationSetup) -> None:
    async with ScriptedModel([say_text("Hello.")]) as model:
        claude = table.create_claude(model.base_url)
        async with claude.open_conversation(table.build_talk()) as conversation:
            await collect_reply(conversation)
    assert claude.tidy(timedelta(hours=1)) == 0
    assert claude.has_transcript(NAME)
    assert claude.tidy(timedelta(0)) == 1
    assert not claude.has_transcript(NAME)
    assert not list(table.home.rglob("*.jsonl"))


@pytest.mark.slow
async def test_two_conversations_side_by_side_do_not_hear_each_other(
    table: ConversationSetup,
) -> None:
    async with ScriptedModel([say_text("one"), say_text("two")]) as model:
        claude = table.create_claude(model.base_url)
        async with (
            claude.open_conversation(table.build_talk(name="a:1:executor")) as one,
            claude.open_conversation(table.build_talk(name="b:1:executor")) as two,
        ):
            _, first = await collect_reply(one, "first")
            _, second = await collect_reply(two, "second")
    assert (first.text, second.text) == ("one", "two")
    assert "first" not in model.list_requests()[1].text


@pytest.mark.slow
async def test_a_turn_that_was_left_early_leaves_only_closing(table: ConversationSetup) -> None:
    story = [
        combine_parts(say_text("I begin."), call_tool("Read", file_path="x")),
        say_text("never heard"),
    ]
    async with table.open_conversation(story) as conversation:
        turn = conversation.say("Go.")
        assert isinstance(await anext(turn), ModelText)
        await turn.aclose()
        with pytest.raises(AgentUnavailable):
            await anext(conversation.say("More."))
