"""The scripted model itself: what it sends, whose turn it is, and what it complains of."""

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
    calls,
    cuts_off,
    fails,
    falls_silent,
    forever,
    gives,
    held,
    limited,
    says,
    slow,
    thinks,
    when,
)

ROOT = Path(__file__).resolve().parents[2]
READ = {"name": "Read", "input_schema": {"type": "object"}}
Json = dict[str, object]


def body(words: str = "Hello.", role: str = "", **more: object) -> Json:
    """Return a request as a client makes it."""
    system = f"You are the {role} of Theseus." if role else "Be kind."
    said = [{"role": "user", "content": words}]
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


async def words(
    model: ScriptedModel, asked: Mapping[str, object], conversation: str = ""
) -> object:
    """Return the text of an answer."""
    status, answer = await post(model, asked, conversation)
    assert status == 200, answer
    content = answer["content"]
    assert isinstance(content, list)
    return content[0]["text"]


async def events(model: ScriptedModel, asked: Json) -> list[Json]:
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
    story = [thinks("Hm.", says(long), calls("Read", file_path="/a"))]
    async with ScriptedModel(story) as model:
        told = await events(model, body())
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


async def test_tokens_are_counted_from_characters_or_given() -> None:
    async with ScriptedModel([says("x" * 400), says("x" * 400), says("y").costing(7, 3)]) as model:
        usages = [(await post(model, body("Hello.")))[1]["usage"] for _ in range(3)]
        more = (await _counted(model, body("Hello." + "z" * 400))) - (
            await _counted(model, body("Hello."))
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


async def _counted(model: ScriptedModel, asked: Json) -> int:
    async with (
        aiohttp.ClientSession() as web,
        web.post(f"{model.base_url}/v1/messages/count_tokens", json=asked) as answer,
    ):
        return int((await answer.json())["input_tokens"])


async def test_a_structured_answer_goes_where_the_schema_was_asked() -> None:
    asked = body(output_config={"format": {"type": "json_schema", "schema": {}}})
    async with ScriptedModel([gives({"name": "x"})]) as model:
        assert json.loads(str(await words(model, asked))) == {"name": "x"}


async def test_errors_have_the_apis_shape_and_headers() -> None:
    async with ScriptedModel([fails(529, times=2), limited(resets_in=60), says("Hi.")]) as model:
        answers = [await post(model, body()) for _ in range(4)]
    assert [status for status, _ in answers] == [529, 529, 429, 200]
    assert answers[0][1]["error"] == {"type": "overloaded_error", "message": "Overloaded"}
    assert answers[2][1]["type"] == "error"


async def test_a_cut_stream_ends_without_its_end() -> None:
    async with ScriptedModel([cuts_off("I was about to")]) as model:
        with pytest.raises(aiohttp.ClientError):
            await events(model, body())


# --------------------------------------------------------------------------------------- whose turn


async def test_each_who_asks_has_a_script_of_their_own() -> None:
    story = {"planner": [says("A plan.")], "executor": [says("Begun."), says("Done.")]}
    async with ScriptedModel(story) as model:
        said = [await words(model, body(role=who)) for who in ("executor", "planner", "executor")]
        assert said == ["Begun.", "A plan.", "Done."]
        assert [each.who for each in model.asked()] == ["executor", "planner", "executor"]
        assert len(model.asked("planner")) == 1


async def test_conversations_side_by_side_can_each_have_the_whole_story() -> None:
    async with ScriptedModel([says("One."), says("Two.")], each=True) as model:
        said = [await words(model, body(), talk) for talk in ("a", "b", "a", "b")]
    assert said == ["One.", "One.", "Two.", "Two."]


async def test_the_first_story_that_fits_what_is_asked_is_followed_to_its_end() -> None:
    stories = [
        when("dice", {"executor": [says("Dice."), says("Still dice.")]}),
        when("", [says("Anything.")]),
    ]
    async with ScriptedModel(stories) as model:
        assert await words(model, body("the dice", "executor"), "a") == "Dice."
        assert await words(model, body("the polls", "executor"), "b") == "Anything."
        assert await words(model, body("and now?", "executor"), "a") == "Still dice."


async def test_what_the_program_asks_for_itself_takes_no_turn() -> None:
    async with ScriptedModel([says("Mine.")]) as model:
        probe = body("quota", max_tokens=1)
        title = body(system="Generate a concise title for this conversation.", tools=[])
        small = body("hello", model="claude-haiku-4-5", tools=[])
        for aside in (probe, title, small):
            await words(model, aside)
        assert await words(model, body()) == "Mine."
        assert len(model.requests) == 4
        assert len(model.asked()) == 1


async def test_a_role_played_by_a_small_model_takes_its_turns() -> None:
    async with ScriptedModel({"reviewer": [says("Fine.")]}) as model:
        small = body(role="reviewer", model="claude-haiku-4-5", tools=[])
        assert await words(model, small) == "Fine."


async def test_forever_goes_on_and_is_never_left_over() -> None:
    async with ScriptedModel([says("First."), forever(says("Again."))]) as model:
        assert [await words(model, body()) for _ in range(3)] == ["First.", "Again.", "Again."]
        assert model.unplayed() == []


# --------------------------------------------------------------------------------------- complaints


@pytest.mark.parametrize(
    ("story", "asked", "complaint"),
    [
        ([], body("What now?"), "has ended after turn 0.*What now"),
        ({"planner": []}, body(role="executor"), "no script for `executor`: planner"),
        ([calls("Bash", command="id")], body(), "calls Bash, which is not offered: Read"),
        ([calls("Read", path="{cwd}/a")], body(), "names no working directory"),
        ([gives({})], body(), "gives a structured answer, but the request asks for none"),
        ([when("dice", [])], body("polls"), "none of the stories fits"),
    ],
    ids=["ended", "nobody", "not offered", "no folder", "no schema", "no story"],
)
async def test_a_story_that_does_not_fit_is_loud_at_once_and_at_the_end(
    story: list[object], asked: Json, complaint: str
) -> None:
    answers = []
    with pytest.raises(AssertionError, match=complaint):
        async with ScriptedModel(story) as model:  # type: ignore[arg-type]  # any of the shapes
            answers.append(await post(model, asked))
    ((status, answer),) = answers
    assert status == 500
    assert "scripted model: request 1" in str(answer["error"])


async def test_an_address_nobody_knows_is_a_complaint() -> None:
    with pytest.raises(AssertionError, match="nothing here answers GET /v1/novelties"):
        async with (
            ScriptedModel([]) as model,
            aiohttp.ClientSession() as web,
            web.get(f"{model.base_url}/v1/novelties") as answer,
        ):
            assert answer.status == 500


async def test_an_error_that_goes_by_is_not_hidden_by_complaints() -> None:
    with pytest.raises(LookupError):
        async with ScriptedModel([]) as model:
            await post(model, body())
            raise LookupError


# --------------------------------------------------------------------------------------------- time


async def test_a_held_turn_waits_for_its_gate() -> None:
    gate = asyncio.Event()
    async with ScriptedModel([held(gate, says("Now."))]) as model, asyncio.TaskGroup() as group:
        answer = group.create_task(words(model, body()))
        request = await model.heard(1)
        assert not request.answered
        gate.set()
        assert await answer == "Now."
        assert request.answered


async def test_a_slow_turn_takes_its_time() -> None:
    async with ScriptedModel([slow(0.05, says("At last."))]) as model:
        began = asyncio.get_running_loop().time()
        assert await words(model, body()) == "At last."
        assert asyncio.get_running_loop().time() - began >= 0.05


async def test_a_silent_model_is_closed_without_waiting_for_anybody() -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        async with ScriptedModel([falls_silent()]) as model:
            asking = group.create_task(_left_alone(model))
            request = await model.heard(1)
        await asking
    assert not request.answered


async def _left_alone(model: ScriptedModel) -> None:
    with pytest.raises(aiohttp.ClientError):
        await post(model, body())


# ------------------------------------------------------------------------------------- command line


async def test_people_can_serve_a_story_from_a_file(tmp_path: Path) -> None:
    told = [{"says": "I look.", "then": {"calls": "Read", "with": {"file_path": "/a"}}}]
    story = tmp_path / "story.json"
    story.write_text(json.dumps([{"when": "dice", "story": {"executor": told}}]))
    server = await _served(story, "--port", "0")
    try:
        assert server.stdout is not None
        line = (await server.stdout.readline()).decode().strip()
        url = line.removeprefix("ANTHROPIC_BASE_URL=")
        asked = body("the dice", "executor")
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
    server = await _served(story)
    _, complaint = await server.communicate()
    assert server.returncode == 2
    assert "a turn has one of says, thinks, calls" in complaint.decode()


async def _served(story: Path, *more: str) -> asyncio.subprocess.Process:
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
    running = await _served(Path("tests.support.wanted:STORY"), *more)
    said, _ = await running.communicate()
    assert "know one request" in said.decode()
    assert running.returncode == 7
