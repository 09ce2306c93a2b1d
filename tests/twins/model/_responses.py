"""Answers in the format of Anthropic's Messages API: complete, and as a stream of events."""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tests.twins.model._requests import Json, Request
from tests.twins.model._turns import (
    STRUCTURED,
    Block,
    Message,
    StructuredAnswer,
    Text,
    Thought,
    ToolUse,
)

ON_FILES = ("Read", "Edit", "Write", "NotebookEdit")
CHARACTERS_A_TOKEN = 4
CHARACTERS_A_PIECE = 40


class StoryMismatch(Exception):
    """The story does not fit what was asked; the text says where."""


def count_tokens(text: str) -> int:
    """Return how many tokens the twin counts for a text: never none."""
    return max(1, len(text) // CHARACTERS_A_TOKEN)


def count_request_tokens(body: Mapping[str, object]) -> int:
    """Return how many tokens a request has."""
    return count_tokens(json.dumps([body.get(key) for key in ("system", "messages", "tools")]))


def as_message(gift: StructuredAnswer, request: Request) -> Message:
    """Put a structured answer where the request wants it."""
    if STRUCTURED in request.tools:
        arguments = gift.value if isinstance(gift.value, dict) else {"value": gift.value}
        return Message((ToolUse(STRUCTURED, arguments),))
    wanted = request.body.get("output_config")
    if isinstance(wanted, dict) and "format" in wanted:
        return Message((Text(json.dumps(gift.value)),))
    raise StoryMismatch("gives a structured answer, but the request asks for none")


def build_content(message: Message, request: Request, number: int) -> list[Json]:
    """Return the blocks of an answer, with its arguments filled in and its calls numbered."""
    return [
        _build_block(block, request, f"toolu_{number:04}_{place}")
        for place, block in enumerate(message.blocks)
    ]


def build_response(message: Message, request: Request, number: int) -> Json:
    """Return an answer as one JSON object."""
    blocks = build_content(message, request, number)
    return {
        **_build_envelope(message, request, number),
        "content": blocks,
        "stop_reason": _get_stop_reason(message),
        "usage": _build_usage(message, request, _count_tokens_out(message, blocks)),
    }


def iterate_events(message: Message, request: Request, number: int) -> Iterator[tuple[str, Json]]:
    """Yield an answer as the events of a stream, in order, with their names."""
    blocks = build_content(message, request, number)
    start = _build_envelope(message, request, number)
    yield "message_start", {"message": start}
    yield "ping", {}
    for index, block in enumerate(blocks):
        yield "content_block_start", {"index": index, "content_block": _build_empty_block(block)}
        for delta in _iterate_deltas(block):
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    last: Json = {"stop_reason": _get_stop_reason(message), "stop_sequence": None}
    usage: Json = {"output_tokens": _count_tokens_out(message, blocks)}
    yield "message_delta", {"delta": last, "usage": usage}
    yield "message_stop", {}


def encode_event(name: str, fields: Json) -> bytes:
    """Return one event as it goes over the wire."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def build_error(error_type: str, message: str, number: int) -> Json:
    """Return an error in the API's format."""
    error: Json = {"type": error_type, "message": message}
    return {"type": "error", "error": error, "request_id": f"req_{number:04}"}


def _build_envelope(message: Message, request: Request, number: int) -> Json:
    return {
        "id": f"msg_{number:04}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _build_usage(message, request, 1),
    }


def _build_usage(message: Message, request: Request, out: int) -> Json:
    counted = message.tokens_in
    return {
        "input_tokens": count_request_tokens(request.body) if counted is None else counted,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": out,
    }


def _count_tokens_out(message: Message, blocks: list[Json]) -> int:
    return count_tokens(json.dumps(blocks)) if message.tokens_out is None else message.tokens_out


def _get_stop_reason(message: Message) -> str:
    if message.stop_reason:
        return message.stop_reason
    using = any(isinstance(block, ToolUse) for block in message.blocks)
    return "tool_use" if using else "end_turn"


def _build_block(block: Block, request: Request, call: str) -> Json:
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Thought(text):
            return {"type": "thinking", "thinking": text, "signature": "c2lnbmVk"}
        case ToolUse(tool, arguments, offered):
            if offered and tool not in request.tools:
                raise StoryMismatch(
                    f"calls {tool}, which is not offered: {', '.join(request.tools)}"
                )
            filled = {key: _fill_value(value, request) for key, value in arguments.items()}
            path = filled.get("file_path")
            if offered and tool in ON_FILES and isinstance(path, str):
                filled["file_path"] = str(PurePosixPath(request.cwd or "/", path))
            return {"type": "tool_use", "id": call, "name": tool, "input": filled}


def _fill_value(value: object, request: Request) -> object:
    """Replace `{cwd}` by the client's folder; call callables."""
    if callable(value):
        return value(request)
    if isinstance(value, str) and "{cwd}" in value:
        if request.cwd is None:
            raise StoryMismatch("uses {cwd}, but the request names no working directory")
        return value.replace("{cwd}", request.cwd)
    if isinstance(value, list | tuple):
        return [_fill_value(each, request) for each in value]
    if isinstance(value, dict):
        return {key: _fill_value(each, request) for key, each in value.items()}
    return value


def _build_empty_block(block: Json) -> Json:
    blank: Json = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: blank.get(key, value) for key, value in block.items()}


def _iterate_deltas(block: Json) -> Iterator[Json]:
    match block["type"]:
        case "text":
            for piece in _iterate_pieces(str(block["text"])):
                yield {"type": "text_delta", "text": piece}
        case "thinking":
            for piece in _iterate_pieces(str(block["thinking"])):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            for piece in _iterate_pieces(json.dumps(block["input"])):
                yield {"type": "input_json_delta", "partial_json": piece}


def _iterate_pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), CHARACTERS_A_PIECE):
        yield text[start : start + CHARACTERS_A_PIECE]
