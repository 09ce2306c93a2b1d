"""The real Claude Code program in conversation with a scripted model."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from claude_agent_sdk import create_sdk_mcp_server, tool

from bot.adapters.claude_agent._events import Allow, Called, Deny, Returned, Ruling, Spoke
from bot.domain.errors import AgentUnavailable
from bot.domain.roles import Role
from tests.support.talking import KEY, NAME, Table, said
from tests.twins.model import ScriptedModel, calls, gives, invents, says, thinks, together

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


async def test_what_the_model_says_and_does_is_told_in_order_and_the_reply_comes_last(
    table: Table,
) -> None:
    (table.cwd / "dice.py").write_text("SIDES = 6\n")
    story = [
        together(says("I look."), calls("Read", file_path="dice.py")).costing(1_000, 50),
        says("Six sides.").costing(2_000, 30),
        says("Still six.").costing(3_000, 20),
    ]
    async with table.sit(story) as conversation:
        (spoke, called, returned, last), reply = await said(conversation)
        assert isinstance(spoke, Spoke) and spoke.text == "I look."
        assert isinstance(called, Called) and called.tool == "Read"
        assert called.arguments == {"file_path": str(table.cwd / "dice.py")}
        assert isinstance(returned, Returned) and not returned.failed
        assert (returned.id, returned.tool) == (called.id, "Read")
        assert "SIDES = 6" in returned.text
        assert isinstance(last, Spoke)
        assert (reply.text, reply.structured) == ("Six sides.", None)
        assert called.spent.tokens_in == 1_000
        assert (reply.spent.tokens_in, reply.spent.tokens_out) == (3_000, 80)
        assert reply.spent.cost_usd > 0

        _, again = await said(conversation, "And now?")
        assert again.text == "Still six."
        assert (again.spent.tokens_in, again.spent.tokens_out) == (6_000, 100)
        assert again.spent.cost_usd > reply.spent.cost_usd
        assert again.spent == conversation.spent


@pytest.mark.slow
async def test_the_model_is_asked_as_the_talk_says(table: Table) -> None:
    async with ScriptedModel([thinks("Hm.", says("Done."))]) as model:
        talk = table.talk(role=Role(model="claude-opus-5-5", effort="low"), tools=("Read", "Edit"))
        async with table.claude(model.base_url).converse(talk) as conversation:
            _, reply = await said(conversation, "@/etc/hostname /clear is only text")
    assert reply.text == "Done."
    (request,) = model.asked()
    assert request.model == "claude-opus-5-5"
    assert talk.system in request.system
    assert set(request.tools) == {"Read", "Edit"}
    assert request.prompt.endswith("@/etc/hostname /clear is only text")
    assert request.headers["x-api-key"].startswith(KEY)


async def test_only_the_tools_that_were_listed_can_be_reached(table: Table) -> None:
    asked: list[str] = []

    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        asked.append(name)
        return Allow()

    story = [
        invents("Bash", command="touch reached"),
        invents("WebFetch", url="http://127.0.0.1/", prompt="read"),
        invents("Task", description="do", prompt="do", subagent_type="general-purpose"),
        invents("Skill", skill="doctor"),
        invents("Write", file_path=str(table.cwd / "reached"), content="here"),
        invents("mcp__other__act"),
        says("None of them."),
    ]
    async with table.sit(story, judge=judge) as conversation:
        seen, _ = await said(conversation)
    returned = [event for event in seen if isinstance(event, Returned)]
    assert len(returned) == 6
    assert all(event.failed for event in returned)
    assert asked == []
    assert not (table.cwd / "reached").exists()


@pytest.mark.slow
async def test_a_judge_allows_denies_with_a_reason_and_changes_arguments(table: Table) -> None:
    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        assert name == "Bash"
        if "rm" in str(arguments["command"]):
            return Deny("Nothing may be removed; leave the file where it is.")
        return Allow({**arguments, "command": "echo instead"})

    story = [
        calls("Bash", command="rm -rf ."),
        calls("Bash", command="echo this"),
        says("I see."),
    ]
    async with table.sit(story, tools=("Bash",), judge=judge) as conversation:
        seen, _ = await said(conversation)
    denied, allowed = [event for event in seen if isinstance(event, Returned)]
    assert denied.failed
    assert "leave the file where it is" in denied.text
    assert (allowed.failed, allowed.text.strip()) == (False, "instead")


@pytest.mark.slow
async def test_a_judge_that_fails_denies(table: Table) -> None:
    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        raise LookupError("the judge is confused")

    story = [calls("Bash", command="touch reached"), says("I may not.")]
    async with table.sit(story, tools=("Bash",), judge=judge) as conversation:
        seen, reply = await said(conversation)
    (returned,) = [event for event in seen if isinstance(event, Returned)]
    assert returned.failed
    assert reply.text == "I may not."
    assert not (table.cwd / "reached").exists()


@pytest.mark.slow
async def test_tools_of_ours_are_called_in_this_process_and_judged_too(table: Table) -> None:
    judged: list[str] = []

    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        judged.append(name)
        return Allow()

    @tool("roll", "Roll dice.", {"sides": int})
    async def roll(arguments: dict[str, int]) -> dict[str, object]:
        return {"content": [{"type": "text", "text": f"rolled a {arguments['sides']}"}]}

    server = create_sdk_mcp_server("theseus", tools=[roll])
    story = [calls("mcp__theseus__roll", sides=4), says("Four.")]
    async with table.sit(story, tools=(), server=server, judge=judge) as conversation:
        seen, _ = await said(conversation)
    returned = seen[1]
    assert isinstance(returned, Returned)
    assert (returned.tool, returned.text) == ("mcp__theseus__roll", "rolled a 4")
    assert judged == ["mcp__theseus__roll"]


@pytest.mark.slow
async def test_an_answer_with_a_schema_comes_structured(table: Table) -> None:
    async def judge(name: str, arguments: Mapping[str, object]) -> Ruling:
        return Deny("no tool of yours")

    story = [gives({"answer": "no number"}), gives({"answer": 42})]
    async with table.sit(story, schema=SCHEMA, judge=judge) as conversation:
        seen, reply = await said(conversation)
    assert seen == []
    assert reply.structured == {"answer": 42}


@pytest.mark.slow
async def test_nothing_of_the_bots_own_environment_reaches_the_program_or_its_commands(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "discord-secret")
    monkeypatch.setenv("GITHUB_TOKEN", "github-secret")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "somebody-elses")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    command = 'env; tr "\\0" "\\n" < /proc/$CLAUDE_PID/environ; ls -l $HOME'
    async with ScriptedModel([calls("Bash", command=command), says("Seen.")]) as model:
        talk = table.talk(tools=("Bash",))
        async with table.claude(model.base_url).converse(talk) as conversation:
            await said(conversation)
    (result,) = model.tool_results()
    for secret in ("discord-secret", "github-secret", "somebody-elses", KEY):
        assert secret not in result.text
    assert f"HOME={table.home}" in result.text
    assert "HTTPS_PROXY" not in result.text  # it reaches the gateway alone
    assert "DISABLE_TELEMETRY=1" in result.text
    assert model.asked()[0].headers["x-api-key"].startswith(KEY)
    assert table.home.stat().st_mode & 0o077 == 0
    kept = [path for path in table.home.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in kept)


@pytest.mark.slow
async def test_a_conversation_is_gone_on_with_by_its_name_in_a_new_process(table: Table) -> None:
    story = [
        says("The word is plum.").costing(10_000, 100),
        says("It was plum.").costing(500, 10),
        says("Which word?"),
    ]
    async with ScriptedModel(story) as model:
        claude = table.claude(model.base_url)
        assert not claude.known(NAME)
        async with claude.converse(table.talk()) as first:
            assert not first.resumed
            await said(first, "Remember a word.")
        assert claude.known(NAME)
        assert not claude.known("another:1:executor")

        claude = table.claude(model.base_url)
        async with claude.converse(table.talk(usd=0.01)) as second:
            assert second.resumed
            await said(second, "Which was it?")
            assert (second.spent.tokens_in, second.spent.tokens_out) == (500, 10)
            assert 0 < second.spent.cost_usd < first.spent.cost_usd / 10
        assert "The word is plum." in model.asked()[1].text

        async with claude.converse(table.talk(fresh=True)) as third:
            assert not third.resumed
            await said(third, "Which was it?")
        assert "The word is plum." not in model.asked()[2].text

    claude.forget(NAME)
    assert not claude.known(NAME)


async def test_old_conversations_are_removed_and_young_ones_kept(table: Table) -> None:
    async with ScriptedModel([says("Hello.")]) as model:
        claude = table.claude(model.base_url)
        async with claude.converse(table.talk()) as conversation:
            await said(conversation)
    assert claude.tidy(timedelta(hours=1)) == 0
    assert claude.known(NAME)
    assert claude.tidy(timedelta(0)) == 1
    assert not claude.known(NAME)
    assert not list(table.home.rglob("*.jsonl"))


@pytest.mark.slow
async def test_two_conversations_side_by_side_do_not_hear_each_other(table: Table) -> None:
    async with ScriptedModel([says("one"), says("two")]) as model:
        claude = table.claude(model.base_url)
        async with (
            claude.converse(table.talk(name="a:1:executor")) as one,
            claude.converse(table.talk(name="b:1:executor")) as two,
        ):
            _, first = await said(one, "first")
            _, second = await said(two, "second")
    assert (first.text, second.text) == ("one", "two")
    assert "first" not in model.asked()[1].text


@pytest.mark.slow
async def test_a_turn_that_was_left_early_leaves_only_closing(table: Table) -> None:
    story = [together(says("I begin."), calls("Read", file_path="x")), says("never heard")]
    async with table.sit(story) as conversation:
        turn = conversation.say("Go.")
        assert isinstance(await anext(turn), Spoke)
        await turn.aclose()
        with pytest.raises(AgentUnavailable):
            await anext(conversation.say("More."))
