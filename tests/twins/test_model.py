"""The scripted model: what it sends, which turn is next, and which mismatches it reports."""

import asyncio
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.twins.model import (
    ScriptedModel,
    call_tool,
    cut_off,
    delay_turn,
    fail_request,
    fall_silent,
    give_result,
    hold_turn,
    limit_usage,
    make_case,
    repeat_turn,
    say_text,
    think_aloud,
)

ROOT = Path(__file__).resolve().parents[2]
READ = {"name": "Read", "input_schema": {"type": "object"}}
Json = dict[str, object]


def make_body(text: str = "Hello.", role: str = "", **more: object) -> Json:
    """Return a request as a client makes it."""
    system = f"You are the {role} of Theseus." if role else "Be kind."
    said = [{"role": "user", "content": text}]
    asked = {"model": "some-model", "max_tokens": 100, "system": system, "messages": said}
    return {**asked, "tools": [READ], **more}


async def post(
    model: ScriptedModel, asked: Mapping[str, object], conversation: str = ""
) -> tuple[int, Json]:
    """Ask without streaming."""
    headers = {"X-Claude-Code-Session-Id": conversation} if conversation else {}
    async with (
        aiohttp.ClientSession() as web,
        web.post(f"{model.base_url}/v1/messages", json=asked, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def fetch_text(
    model: ScriptedModel, asked: Mapping[str, object], conversation: str = ""
) -> object:
    """Return the text of an answer."""
    status, answer = await post(model, asked, conversation)
    assert status == 200, answer
    content = answer["content"]
    assert isinstance(content, list)
    return content[0]["text"]


async def stream_events(model: ScriptedModel, asked: Json) -> list[Json]:
    """Ask with streaming and return every event."""
    async with (
        aiohttp.ClientSession() as web,
        web.post(f"{model.base_url}/v1/messages", json={**asked, "stream": True}) as answer,
    ):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = (await answer.text()).splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


# ------------------------------------------------------------------------------------------ answers


async def test_a_stream_holds_every_block_in_pieces_and_in_order() -> None:
    long = "many words " * 10
    story = [think_aloud("Hm.", say_text(long), call_tool("Read", file_path="/a"))]
    async with ScriptedModel(story) as model:
        told = await stream_events(model, make_body())
    kinds = [each["type"] for each in told]
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]
    starts = [each["content_block"] for each in told if each["type"] == "content_block_start"]
    assert [block["type"] for block in starts if isinstance(block, dict)] == [
        "thinking",
        "text",
        "tool_use",
    ]
    pieces = [each["delta"] for each in told if each["type"] == "content_block_delta"]
    deltas = [piece for piece in pieces if isinstance(piece, dict)]
    assert "".join(piece.get("text", "") for piece in deltas) == long
    assert len([piece for piece in deltas if "text" in piece]) > 1
    arguments = "".join(piece.get("partial_json", "") for piece in deltas)
    assert json.loads(arguments) == {"file_path": "/a"}
    assert told[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}


async def test_tokens_are_counted_from_characters_or_set() -> None:
    async with ScriptedModel(
        [say_text("x" * 400), say_text("x" * 400), say_text("y").set_tokens(7, 3)]
    ) as model:
        usages = [(await post(model, make_body("Hello.")))[1]["usage"] for _ in range(3)]
        more = (await _count_tokens(model, make_body("Hello." + "z" * 400))) - (
            await _count_tokens(model, make_body("Hello."))
        )
    assert usages[0] == usages[1]
    assert [isinstance(each, dict) and each["output_tokens"] >= 100 for each in usages[:2]]
    assert usages[2] == {
        "input_tokens": 7,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 3,
    }
    assert more == 100


async def _count_tokens(model: ScriptedModel, asked: Json) -> int:
    async with (
        aiohttp.ClientSession() as web,
        web.post(f"{model.base_url}/v1/messages/count_tokens", json=asked) as answer,
    ):
        return int((await answer.json())["input_tokens"])


async def test_a_structured_answer_goes_where_the_schema_was_asked() -> None:
    asked = make_body(output_config={"format": {"type": "json_schema", "schema": {}}})
    async with ScriptedModel([give_result({"name": "x"})]) as model:
        assert json.loads(str(await fetch_text(model, asked))) == {"name": "x"}


async def test_errors_have_the_apis_shape_and_headers() -> None:
    async with ScriptedModel(
        [fail_request(529, times=2), limit_usage(resets_in=60), say_text("Hi.")]
    ) as model:
        answers = [await post(model, make_body()) for _ in range(4)]
    assert [status for status, _ in answers] == [529, 529, 429, 200]
    assert answers[0][1]["error"] == {"type": "overloaded_error", "message": "Overloaded"}
    assert answers[2][1]["type"] == "error"


async def test_a_cut_stream_ends_without_its_end() -> None:
    async with ScriptedModel([cut_off("I was about to")]) as model:
        with pytest.raises(aiohttp.ClientError):
            await stream_events(model, make_body())


# --------------------------------------------------------------------------------------- whose turn


async def test_each_who_asks_has_a_script_of_their_own() -> None:
    story = {"planner": [say_text("A plan.")], "executor": [say_text("Begun."), say_text("Done.")]}
    async with ScriptedModel(story) as model:
        said = [
            await fetch_text(model, make_body(role=who))
            for who in ("executor", "planner", "executor")
        ]
        assert said == ["Begun.", "A plan.", "Done."]
        assert [each.who for each in model.list_requests()] == ["executor", "planner", "executor"]
        assert len(model.list_requests("planner")) == 1


async def test_parallel_conversations_can_each_have_the_full_story() -> None:
    async with ScriptedModel([say_text("One."), say_text("Two.")], each=True) as model:
        said = [await fetch_text(model, make_body(), talk) for talk in ("a", "b", "a", "b")]
    assert said == ["One.", "One.", "Two.", "Two."]


async def test_the_first_story_that_fits_what_is_asked_is_followed_to_its_end() -> None:
    stories = [
        make_case("dice", {"executor": [say_text("Dice."), say_text("Still dice.")]}),
        make_case("", [say_text("Anything.")]),
    ]
    async with ScriptedModel(stories) as model:
        assert await fetch_text(model, make_body("the dice", "executor"), "a") == "Dice."
        assert await fetch_text(model, make_body("the polls", "executor"), "b") == "Anything."
        assert await fetch_text(model, make_body("and now?", "executor"), "a") == "Still dice."


async def test_what_the_program_asks_for_itself_takes_no_turn() -> None:
    async with ScriptedModel([say_text("Mine.")]) as model:
        probe = make_body("quota", max_tokens=1)
        title = make_body(system="Generate a concise title for this conversation.", tools=[])
        small = make_body("hello", model="claude-haiku-4-5", tools=[])
        for aside in (probe, title, small):
            await fetch_text(model, aside)
        assert await fetch_text(model, make_body()) == "Mine."
        assert len(model.requests) == 4
        assert len(model.list_requests()) == 1


async def test_a_small_model_takes_the_turns_of_its_role() -> None:
    async with ScriptedModel({"reviewer": [say_text("Fine.")]}) as model:
        small = make_body(role="reviewer", model="claude-haiku-4-5", tools=[])
        assert await fetch_text(model, small) == "Fine."


async def test_a_repeated_turn_is_never_unused() -> None:
    async with ScriptedModel([say_text("First."), repeat_turn(say_text("Again."))]) as model:
        assert [await fetch_text(model, make_body()) for _ in range(3)] == [
            "First.",
            "Again.",
            "Again.",
        ]
        assert model.list_unused() == []


# --------------------------------------------------------------------------------------- mismatches


@pytest.mark.parametrize(
    ("story", "asked", "error"),
    [
        ([], make_body("What now?"), "has ended after turn 0.*What now"),
        ({"planner": []}, make_body(role="executor"), "no script for `executor`: planner"),
        ([call_tool("Bash", command="id")], make_body(), "calls Bash, which is not offered: Read"),
        ([call_tool("Read", path="{cwd}/a")], make_body(), "names no working directory"),
        (
            [give_result({})],
            make_body(),
            "gives a structured answer, but the request asks for none",
        ),
        ([make_case("dice", [])], make_body("polls"), "none of the stories fits"),
    ],
    ids=["ended", "nobody", "not offered", "no folder", "no schema", "no story"],
)
async def test_a_story_that_does_not_fit_is_loud_at_once_and_at_the_end(
    story: list[object], asked: Json, error: str
) -> None:
    answers = []
    with pytest.raises(AssertionError, match=error):
        async with ScriptedModel(story) as model:  # type: ignore[arg-type]  # any of the shapes
            answers.append(await post(model, asked))
    ((status, answer),) = answers
    assert status == 500
    assert "scripted model: request 1" in str(answer["error"])


async def test_an_unknown_address_is_an_error() -> None:
    with pytest.raises(AssertionError, match="nothing here answers GET /v1/novelties"):
        async with (
            ScriptedModel([]) as model,
            aiohttp.ClientSession() as web,
            web.get(f"{model.base_url}/v1/novelties") as answer,
        ):
            assert answer.status == 500


async def test_story_errors_do_not_hide_an_exception() -> None:
    with pytest.raises(LookupError):
        async with ScriptedModel([]) as model:
            await post(model, make_body())
            raise LookupError


# --------------------------------------------------------------------------------------------- time


async def test_a_held_turn_waits_for_its_gate() -> None:
    gate = asyncio.Event()
    async with (
        ScriptedModel([hold_turn(gate, say_text("Now."))]) as model,
        asyncio.TaskGroup() as group,
    ):
        answer = group.create_task(fetch_text(model, make_body()))
        request = await model.wait_for_requests(1)
        assert not request.answered
        gate.set()
        assert await answer == "Now."
        assert request.answered


async def test_a_slow_turn_takes_its_time() -> None:
    async with ScriptedModel([delay_turn(0.05, say_text("At last."))]) as model:
        began = asyncio.get_running_loop().time()
        assert await fetch_text(model, make_body()) == "At last."
        assert asyncio.get_running_loop().time() - began >= 0.05


async def test_a_silent_model_is_closed_without_waiting() -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        async with ScriptedModel([fall_silent()]) as model:
            asking = group.create_task(_expect_no_answer(model))
            request = await model.wait_for_requests(1)
        await asking
    assert not request.answered


async def _expect_no_answer(model: ScriptedModel) -> None:
    with pytest.raises(aiohttp.ClientError):
        await post(model, make_body())


# ------------------------------------------------------------------------------------- command line


async def test_people_can_serve_a_story_from_a_file(tmp_path: Path) -> None:
    told = [{"says": "I look.", "then": {"calls": "Read", "with": {"file_path": "/a"}}}]
    story = tmp_path / "story.json"
    story.write_text(json.dumps([{"when": "dice", "story": {"executor": told}}]))
    server = await _start_server(story, "--port", "0")
    try:
        assert server.stdout is not None
        line = (await server.stdout.readline()).decode().strip()
        url = line.removeprefix("ANTHROPIC_BASE_URL=")
        asked = make_body("the dice", "executor")
        async with aiohttp.ClientSession() as web:
            for talk in ("a", "b"):
                headers = {"X-Claude-Code-Session-Id": talk}
                async with web.post(f"{url}/v1/messages", json=asked, headers=headers) as answer:
                    blocks = (await answer.json())["content"]
                assert [each["type"] for each in blocks] == ["text", "tool_use"]
        assert "executor asks some-model: 'the dice'" in (await server.stdout.readline()).decode()
    finally:
        server.terminate()
        await server.communicate()


async def test_a_file_that_is_no_story_is_refused_with_a_sentence(tmp_path: Path) -> None:
    story = tmp_path / "story.json"
    story.write_text(json.dumps([{"shouts": "Hey!"}]))
    server = await _start_server(story)
    _, complaint = await server.communicate()
    assert server.returncode == 2
    assert "a turn has one of says, thinks, calls" in complaint.decode()


async def _start_server(story: Path, *more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.twins.model", str(story), *more),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.slow
async def test_a_command_is_run_with_the_model_and_ends_with_its_own_exit_code() -> None:
    asks = (
        "import json, os, sys, urllib.request as u;"
        "said = {'model': 'sonnet', 'max_tokens': 9, 'system': 'You are the voice of Theseus.',"
        " 'messages': [{'role': 'user', 'content': 'hello'}]};"
        "to = u.Request(os.environ['ANTHROPIC_BASE_URL'] + '/v1/messages',"
        " json.dumps(said).encode(), {'x-api-key': os.environ['ANTHROPIC_API_KEY']});"
        "print(json.load(u.urlopen(to))['content'][0]['text']); sys.exit(7)"
    )
    more = ("--port", "0", "--run", shlex.join([sys.executable, "-c", asks]))
    running = await _start_server(Path("tests.support.coinflip_request:STORY"), *more)
    said, _ = await running.communicate()
    assert "know one request" in said.decode()
    assert running.returncode == 7
