"""Streams of models: the provider's answers at the gateway, and the messages of the program."""

import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from claude_agent_sdk._internal.message_parser import parse_message

from bot.adapters.claude_agent.program._translate import Translator
from bot.adapters.claude_agent.program._transport import UNREADABLE
from bot.adapters.model_gateway._usage import Meter
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, build_json_case, vary_bytes, vary_value

_USAGE = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 3,
          "cache_creation": {"ephemeral_1h_input_tokens": 4},
          "iterations": [{"input_tokens": 1, "output_tokens": 2}]}  # fmt: skip
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "usage": _USAGE}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "usage"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": _USAGE},
    {"type": "message_stop"},
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
)  # fmt: skip
MESSAGES: tuple[dict[str, Any], ...] = (
    {"type": "system", "subtype": "init", "model": "claude-x", "session_id": "s"},
    {"type": "system", "subtype": "api_retry", "error_status": 529, "retry_delay_ms": 1000},
    {"type": "assistant", "session_id": "s", "parent_tool_use_id": None, "message": {
        "id": "msg_1", "model": "claude-x", "usage": _USAGE, "content": [
            {"type": "text", "text": "I look."}, {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "a.py"}}]}},
    {"type": "user", "session_id": "s", "message": {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t1", "is_error": False,
         "content": [{"type": "text", "text": "x = 1"}]}]}},
    {"type": "stream_event", "uuid": "u", "session_id": "s", "event": EVENTS[0]},
    {"type": "stream_event", "uuid": "u", "session_id": "s", "event": EVENTS[2]},
    {"type": "rate_limit_event", "uuid": "u", "session_id": "s", "rate_limit_info": {
        "status": "rejected", "resetsAt": 1_795_000_000, "rateLimitType": "five_hour"}},
    {"type": "result", "subtype": "success", "is_error": False, "duration_ms": 1, "session_id": "s",
     "duration_api_ms": 1, "num_turns": 1, "result": "Done.", "total_cost_usd": 0.1,
     "usage": _USAGE, "modelUsage": {"claude-x": {"inputTokens": 5, "outputTokens": 3}},
     "structured_output": {"a": 1}, "errors": ["x"]},
)  # fmt: skip
_PIECES = (1, 2, 7, 64, 4_096)


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a stream gives the same usage however it is split; a message gives events."""

    def read(data: bytes) -> None:
        choices = Choices(data)
        if choices.take_number(2):
            _translate(choices.rest)
        else:
            _measure(choices)

    return read


def translate(*messages: object) -> None:
    """Translate messages of the program. Raises one of `UNREADABLE` for one that is none."""
    translator = Translator()
    for message in messages:
        parsed = parse_message(message) if isinstance(message, dict) else None
        if parsed is not None:
            list(translator.translate(parsed))


def _translate(data: bytes) -> None:
    # The transport ends the turn with an error that says so.
    with suppress(*UNREADABLE):
        translate(MESSAGES[2], _load(build_json_case(data, MESSAGES)), MESSAGES[3])


def _load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _measure(choices: Choices) -> None:
    streams = bool(choices.take_number(4))
    lines = [EVENTS[0], choices.choose(EVENTS), vary_value(choices.choose(EVENTS), choices)]
    body = b"".join(f"data: {json.dumps(each)}\n\n".encode() for each in (*lines, EVENTS[4]))
    if not streams:
        body = json.dumps(vary_value(EVENTS[0]["message"], choices)).encode()
    if choices.take_number(2):
        body = vary_bytes(body, choices)
    size = choices.choose(_PIECES)
    whole, split = Meter(streams=streams), Meter(streams=streams)
    whole.feed(body)
    for at in range(0, len(body), size):
        split.feed(body[at : at + size])
    for meter in (whole, split):
        meter.end()
    if (whole.usage, whole.complete, whole.failed) != (split.usage, split.complete, split.failed):
        raise AssertionError(f"the usage depends on how the answer is split: {body[:300]!r}")
