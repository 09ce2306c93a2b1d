"""The real Claude Code program, over its SDK, against the scripted model."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    RateLimitEvent,
    ResultError,
    ResultMessage,
    SystemMessage,
    create_sdk_mcp_server,
    query,
    tool,
)

from tests.twins.model import (
    ScriptedModel,
    Story,
    Turn,
    break_stream,
    call_tool,
    call_unknown_tool,
    choose_turn,
    combine_parts,
    cut_off,
    fail_request,
    fall_silent,
    give_result,
    limit_usage,
    refuse_answer,
    repeat_turn,
    say_text,
    stop_short,
    think_aloud,
)

pytestmark = pytest.mark.slow

NAMED = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
SHAPE = {"type": "json_schema", "schema": NAMED}


def make_options(model: ScriptedModel, at: Path, role: str = "executor") -> ClaudeAgentOptions:
    """Return options for a separate program, with all its state under `at`."""
    home, work = at / "home", at / "work"
    for folder in (home, work):
        folder.mkdir(exist_ok=True)
    return ClaudeAgentOptions(
        cwd=work,
        system_prompt=f"You are the {role} of Theseus.",
        model="sonnet",
        tools=["Read", "Edit"],
        permission_mode="acceptEdits",
        setting_sources=[],
        strict_mcp_config=True,
        env={
            "ANTHROPIC_BASE_URL": model.base_url,
            "ANTHROPIC_API_KEY": "not-a-key",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / "claude"),
        },
    )


async def ask_program(prompt: str, wanted: ClaudeAgentOptions) -> ResultMessage:
    """Ask once, in a new program, and return the result, good or bad."""
    found: list[ResultMessage] = []
    with suppress(ResultError):  # the SDK raises the error that it has just reported
        async for message in query(prompt=prompt, options=wanted):
            if isinstance(message, ResultMessage):
                found.append(message)
    (result,) = found
    return result


async def run_failing(turn: Turn, at: Path, **env: str) -> ResultMessage:
    """Return what the program reports if the model only ever does this."""
    async with ScriptedModel([repeat_turn(turn)]) as model:
        wanted = make_options(model, at)
        return await ask_program("Do it.", replace(wanted, env={**wanted.env, **env}))


# ---------------------------------------------------------------------------------------- stories


async def test_a_story_of_reading_and_editing_changes_the_file(tmp_path: Path) -> None:
    story: Story = {
        "executor": [
            think_aloud("Let me see.", say_text("I look."), call_tool("Read", file_path="dice.py")),
            call_tool("Edit", file_path="{cwd}/dice.py", old_string="= 5", new_string="= 6"),
            say_text("Done.").set_tokens(1_000, 100),
        ]
    }
    async with ScriptedModel(story) as model:
        wanted = make_options(model, tmp_path)
        (tmp_path / "work/dice.py").write_text("SIDES = 5\n")
        result = await ask_program("Make it six.", wanted)
    assert (tmp_path / "work/dice.py").read_text() == "SIDES = 6\n"
    assert (result.result, result.is_error, result.num_turns) == ("Done.", False, 3)
    assert [each.prompt for each in model.list_requests("executor")] == ["Make it six."] * 3
    assert [(each.tool, each.failed) for each in model.list_tool_results()] == [
        ("Read", False),
        ("Edit", False),
    ]
    assert "SIDES = 5" in model.list_tool_results()[0].text
    assert model.requests[0].cwd == str(tmp_path / "work")
    assert model.list_unused() == []


async def test_parallel_calls_are_all_answered(tmp_path: Path) -> None:
    story = [
        combine_parts(call_tool("Read", file_path="one"), call_tool("Read", file_path="two")),
        say_text("Both read."),
    ]
    async with ScriptedModel(story) as model:
        wanted = make_options(model, tmp_path)
        for name in ("one", "two"):
            (tmp_path / "work" / name).write_text(f"this is {name}\n")
        await ask_program("Read both.", wanted)
    read = sorted(each.text for each in model.list_tool_results())  # they may end in any order
    assert ["this is one" in text for text in read] == [True, False]
    assert "this is two" in read[1]


async def test_a_turn_may_depend_on_what_a_tool_returned(tmp_path: Path) -> None:
    story = [
        call_tool("Read", file_path="missing.py"),
        choose_turn(lambda request: say_text(f"It says: {request.results[-1].text}")),
    ]
    async with ScriptedModel(story) as model:
        result = await ask_program("Read it.", make_options(model, tmp_path))
    assert "does not exist" in str(result.result)


async def test_a_tool_in_this_process_gets_the_arguments_of_the_story(tmp_path: Path) -> None:
    seen: list[Mapping[str, object]] = []

    @tool("greet", "Greet somebody", {"name": str})
    async def greet(arguments: dict[str, Any]) -> dict[str, Any]:
        seen.append(arguments)
        return {"content": [{"type": "text", "text": "Good morning."}]}

    async with ScriptedModel(
        [call_tool("mcp__hall__greet", name="Ada"), say_text("Greeted.")]
    ) as model:
        wanted = replace(
            make_options(model, tmp_path),
            tools=[],
            mcp_servers={"hall": create_sdk_mcp_server("hall", tools=[greet])},
            allowed_tools=["mcp__hall__greet"],
        )
        await ask_program("Greet Ada.", wanted)
    assert seen == [{"name": "Ada"}]
    assert [each.text for each in model.list_tool_results()] == ["Good morning."]


async def test_an_unknown_tool_is_refused_by_the_program(tmp_path: Path) -> None:
    async with ScriptedModel(
        [call_unknown_tool("Bash", command="id"), say_text("I see.")]
    ) as model:
        await ask_program("Do it.", make_options(model, tmp_path))
    assert [(each.tool, each.failed) for each in model.list_tool_results()] == [("Bash", True)]


async def test_structured_answers_arrive_as_such_and_wrong_ones_are_sent_back(
    tmp_path: Path,
) -> None:
    async with ScriptedModel(
        {"planner": [give_result({"nom": "x"}), give_result({"name": "x"})]}
    ) as model:
        wanted = replace(make_options(model, tmp_path, "planner"), output_format=SHAPE)
        result = await ask_program("Name it.", wanted)
    assert result.structured_output == {"name": "x"}
    assert "must have required property 'name'" in model.list_tool_results("planner")[0].text


async def test_a_conversation_goes_on_in_a_new_program(tmp_path: Path) -> None:
    async with ScriptedModel([say_text("I keep it."), say_text("It was a heron.")]) as model:
        wanted = make_options(model, tmp_path)
        first = await ask_program("The bird is a heron.", wanted)
        again = await ask_program("Which bird?", replace(wanted, resume=first.session_id))
    before, after = model.requests
    assert again.result == "It was a heron."
    assert before.conversation == after.conversation == again.session_id
    assert "The bird is a heron." in after.text
    assert "I keep it." in after.text


async def test_one_program_answers_one_prompt_after_another(tmp_path: Path) -> None:
    async def answer(client: ClaudeSDKClient) -> AsyncIterator[str | None]:
        async for message in client.receive_response():
            if isinstance(message, ResultMessage):
                yield message.result

    async with (
        ScriptedModel([say_text("One."), say_text("Two.")]) as model,
        ClaudeSDKClient(make_options(model, tmp_path)) as client,
    ):
        said = []
        for words in ("First?", "Second?"):
            await client.query(words)
            said += [each async for each in answer(client)]
    assert said == ["One.", "Two."]
    assert [each.prompt for each in model.requests] == ["First?", "Second?"]


# ----------------------------------------------------------------------------------------- faults

TOO_LONG = "prompt is too long: 210000 tokens > 200000 maximum"
POOR = "Your credit balance is too low to access the Anthropic API."


FAULTS = {
    "too long": (fail_request(400, message=TOO_LONG), 400, "prompt_too_long", "Prompt is too long"),
    "poor": (fail_request(400, message=POOR), 400, "api_error", "Credit balance is too low"),
    "401": (fail_request(401), 401, "api_error", "Invalid API key"),
    "403": (fail_request(403), 403, "api_error", "Failed to authenticate"),
    "429": (fail_request(429, retry_after=30), 429, "api_error", "Request rejected (429)"),
    "500": (fail_request(500), 500, "api_error", "500 Internal server error"),
    "529": (fail_request(529), 529, "api_error", "529 Overloaded"),
    "words cut off": (cut_off(), None, "api_error", "Connection dropped"),
    "call cut off": (cut_off(call_tool("Read", file_path="a")), None, "api_error", "dropped"),
    "error in the stream": (break_stream("api_error"), 500, "api_error", "500"),
    "refusal": (refuse_answer(), None, "api_error", "safeguards flagged this message"),
    "cut short": (stop_short("and so"), None, "api_error", "output token maximum"),
}


@pytest.mark.parametrize(("turn", "status", "terminal_reason", "text"), FAULTS.values(), ids=FAULTS)
async def test_a_fault_is_reported_as_an_error(
    tmp_path: Path, turn: Turn, status: int | None, terminal_reason: str, text: str
) -> None:
    result = await run_failing(turn, tmp_path)
    assert (result.is_error, result.api_error_status) == (True, status)
    assert result.terminal_reason == terminal_reason
    assert text in str(result.result)


async def test_a_transient_fault_is_retried(tmp_path: Path) -> None:
    async with ScriptedModel([fail_request(529, times=2), say_text("Here I am.")]) as model:
        wanted = make_options(model, tmp_path)
        again = replace(wanted, env={**wanted.env, "CLAUDE_CODE_MAX_RETRIES": "2"})
        received = [each async for each in query(prompt="Do it.", options=again)]
    waits = [m for m in received if isinstance(m, SystemMessage) and m.subtype == "api_retry"]
    assert [wait.data["error_status"] for wait in waits] == [529, 529]
    assert [m.result for m in received if isinstance(m, ResultMessage)] == ["Here I am."]


async def test_a_broken_stream_is_requested_in_full(tmp_path: Path) -> None:
    async with ScriptedModel([cut_off("I was going"), say_text("Here it is.")]) as model:
        result = await ask_program("Do it.", make_options(model, tmp_path))
    assert result.result == "Here it is."
    assert [bool(each.body.get("stream")) for each in model.requests] == [True, False]


async def test_silence_ends_with_the_programs_own_patience(tmp_path: Path) -> None:
    result = await run_failing(fall_silent(), tmp_path, API_TIMEOUT_MS="500")
    assert "Request timed out" in str(result.result)


async def test_a_client_that_leaves_a_silent_model_is_noticed(tmp_path: Path) -> None:
    async with (
        ScriptedModel([fall_silent("Let me")]) as model,
        ClaudeSDKClient(make_options(model, tmp_path)) as client,
    ):
        await client.query("Do it.")
        request = await model.wait_for_requests(1)
        await client.interrupt()
        await request.finished.wait()
    assert (request.answered, request.abandoned) == (False, True)


async def test_a_usage_limit_tells_a_subscriber_when_it_ends(tmp_path: Path) -> None:
    limit = limit_usage(resets_in=3600)
    async with ScriptedModel([limit]) as model:
        wanted = make_options(model, tmp_path)
        env = {**wanted.env, "ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-x"}
        received: list[object] = []
        with pytest.raises(ResultError) as caught:
            async for message in query(prompt="Do it.", options=replace(wanted, env=env)):
                received.append(message)
    (event,) = [each for each in received if isinstance(each, RateLimitEvent)]
    assert event.rate_limit_info.status == "rejected"
    assert (
        str(event.rate_limit_info.resets_at) == limit.headers["anthropic-ratelimit-unified-reset"]
    )
    assert caught.value.api_error_status == 429


async def test_answers_that_never_fit_the_schema_end_in_an_error(tmp_path: Path) -> None:
    async with ScriptedModel([repeat_turn(give_result({"nom": 1}))]) as model:
        wanted = replace(make_options(model, tmp_path), output_format=SHAPE)
        result = await ask_program("Name it.", wanted)
    assert result.subtype == "error_max_structured_output_retries"
    assert result.terminal_reason == "structured_output_retry_exhausted"


async def test_money_and_turns_have_ends_of_their_own(tmp_path: Path) -> None:
    dear = call_tool("Read", file_path="a").set_tokens(100_000, 1_000)
    async with ScriptedModel([repeat_turn(dear)]) as model:
        wanted = make_options(model, tmp_path)
        poor = await ask_program("Do it.", replace(wanted, max_budget_usd=0.5))
        short = await ask_program("Do it.", replace(wanted, max_turns=2))
    assert (poor.subtype, poor.terminal_reason) == ("error_max_budget_usd", "budget_exhausted")
    assert (short.subtype, short.terminal_reason) == ("error_max_turns", "max_turns")


async def test_an_ended_story_is_reported_by_the_program(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="has ended after turn 1"):
        async with ScriptedModel([call_tool("Read", file_path="a")]) as model:
            result = await ask_program("Do it.", make_options(model, tmp_path))
            assert "has ended after turn 1" in str(result.result)
            assert len(model.requests) == 2


async def test_a_synthetic_message_of_the_program_is_marked(tmp_path: Path) -> None:
    """Expect an error as a model message, as the program reports it: only its model marks it as
    synthetic.
    """
    async with ScriptedModel([fail_request(529)]) as model:
        received: list[AssistantMessage] = []
        with pytest.raises(ResultError):
            async for message in query(prompt="Do it.", options=make_options(model, tmp_path)):
                if isinstance(message, AssistantMessage):
                    received.append(message)
    assert [(each.model, each.error) for each in received] == [("<synthetic>", "server_error")]
