"""What fuzzing has found, each as one small case."""

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from theseus_rehearsal.yaml_text import BoundedLoader

from bot.adapters.claude_agent.program._transport import UNREADABLE
from bot.adapters.model_gateway._model_request import BodyRedactor, append_note, read
from bot.adapters.ndjson_journal._line import parse
from tests.fuzz import backups
from tests.fuzz.gateway_room import MESSAGE, USER, GatewayRoom
from tests.fuzz.interactions import SEEDS
from tests.fuzz.journal_lines import RECORD
from tests.fuzz.model_streams import MESSAGES, translate
from tests.fuzz.web_room import WebRoom


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayRoom]:
    with closing(GatewayRoom(tmp_path_factory.mktemp("gateway"))) as room:
        yield room


@pytest.mark.parametrize("content", [5, {"type": "text"}, True])
def test_a_note_for_the_model_leaves_a_message_that_is_no_text(content: Any) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    request = read(json.dumps(body).encode(), BodyRedactor(lambda text: text))
    assert append_note(request, "note") == request


def test_a_command_whose_options_cannot_be_resolved_is_recorded(room: GatewayRoom) -> None:
    payload = copy.deepcopy(SEEDS[0])
    payload["data"]["options"][0]["options"][1]["value"] = " "  # the id of a user
    room.handle("INTERACTION_CREATE", payload)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"data": None}, TypeError),
        ({"data": {"id": "7", "type": 1}}, KeyError),
        ({"data": {"id": "7", "name": [], "type": 2}}, TypeError),
        ({"data": {"id": "7", "name": "a", "type": 9}}, ValueError),
        ({"guild_id": {}}, TypeError),
        ({"id": "9" * 23}, ValueError),
        ({"member": None}, TypeError),
        ({"member": None, "user": USER}, TypeError),
        ({"guild_id": None}, KeyError),
    ],
    ids=str,
)
def test_an_interaction_that_no_one_could_answer_is_recorded_and_not_handled(
    change: dict[str, Any], expected: type[Exception], room: GatewayRoom
) -> None:
    assert room.handle("INTERACTION_CREATE", SEEDS[0] | change) == [
        ("interaction_create", expected.__name__)
    ]


@pytest.mark.parametrize("author", [None, {"id": "5", "username": "alice"}], ids=str)
def test_a_message_whose_author_cannot_be_read_is_recorded_and_not_handled(
    author: dict[str, str] | None, room: GatewayRoom
) -> None:
    [(event, error)] = room.handle("MESSAGE_CREATE", MESSAGE | {"author": author})
    assert (event, error in ("KeyError", "TypeError")) == ("message_create", True)


def test_a_journal_line_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse(b"[" * 100_000)


def test_a_message_of_the_program_that_is_nested_too_deeply_cannot_be_read() -> None:
    with pytest.raises(UNREADABLE):
        translate(json.loads("[" * 100_000))


@pytest.mark.parametrize("case", ["cc24e3a3c6ffcececc24080100", "cc24e3a3c60000cecc24080100"])
def test_an_archive_with_a_name_that_no_disk_takes_is_refused(case: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        backups.build(tmp_path, stack)(bytes.fromhex(case))  # raises anything but a refusal


def test_a_sender_who_leaves_amid_a_body_is_no_failure_of_ours() -> None:
    with closing(WebRoom()) as room:
        room.send(
            b"POST /webhook/github HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\n\r\n{}"
        )  # raises if a handler has failed


def test_a_line_whose_time_no_clock_shows_is_no_record() -> None:
    line = json.dumps({**RECORD, "ts": "9999-12-31T23:59:59.999999-14:00"}).encode()
    with pytest.raises(ValueError, match="out of range"):
        parse(line)


def test_deep_nesting_is_refused_long_before_it_is_read() -> None:
    deepest = 3_000
    reading = BoundedLoader("a:\n  " + "[" * deepest)
    with pytest.raises(RecursionError, match="nested too deep"):
        reading.get_single_node()
    assert reading.tokens_taken < deepest // 10


@pytest.mark.parametrize("text", [5, None])
def test_a_message_of_the_program_with_an_odd_text_ends_the_turn_with_our_error(text: Any) -> None:
    message = copy.deepcopy(MESSAGES[2])
    message["message"]["content"][0]["text"] = text
    with pytest.raises(UNREADABLE):
        translate(message)
