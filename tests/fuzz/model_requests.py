"""Requests of a program to the model: read, cleaned and written again by the gateway."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from theseus_observe.redaction import redact

from bot.adapters.model_gateway._answers import GatewayRefusal
from bot.adapters.model_gateway._model_request import (
    BodyRedactor,
    append_note,
    iterate_shorter,
    read,
)
from tests.fuzz.judge import Case
from tests.fuzz.variation import build_json_case

SEEDS: tuple[dict[str, Any], ...] = (
    {"model": "claude-x", "max_tokens": 4096, "stream": True, "messages": [
        {"role": "user", "content": "Repair it."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Read",
                                           "input": {"file_path": "a.py"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [
            {"type": "text", "text": "token = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                         "data": "aGk="}}]}]}],
     "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
     "tools": [{"name": "Read", "input_schema": {"type": "object", "properties": {}}}],
     "thinking": {"type": "enabled", "budget_tokens": 1024}, "metadata": {"user_id": "u"}},
    {"model": "claude-x", "messages": [{"role": "user", "content": "hi"}]},
)  # fmt: skip


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a body is refused, or sent as JSON that reads the same again."""
    redactor = BodyRedactor(redact)

    def ask(data: bytes) -> None:
        try:
            request = read(build_json_case(data, SEEDS), redactor)
        except GatewayRefusal:
            return
        again = read(request.body, redactor)
        if json.loads(again.body) != json.loads(request.body):
            raise AssertionError(f"a request changes when it is read again: {request.body[:300]!r}")
        append_note(request, "a note")
        list(iterate_shorter(request, (100, 1_000)))

    return ask
