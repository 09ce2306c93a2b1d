"""Discord's published OpenAPI description, as what both sides of the local Discord are held to.

`discord_api/openapi.json` is Discord's own (https://github.com/discord/discord-api-spec, July 2026)
without titles and descriptions. THESEUS_DISCORD_OPENAPI names another. Schemas are compiled once.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from local_discord.observers import ObservedRequest

_LITERAL = 8  # so much more than a parameter a literal segment weighs in choosing a path
_SHORT = 160
_SCHEMAS = ("components", "schemas")
_OVERWRITE = (
    *("paths", "/channels/{channel_id}/permissions/{overwrite_id}", "put"),
    *("requestBody", "content", "application/json", "schema", "properties"),
)
# Where the description contradicts Discord's reference and what Discord sends, with the source.
CORRECTIONS: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = (
    # The error codes of form fields are texts: "BASE_TYPE_REQUIRED".
    # https://discord.com/developers/docs/reference#error-messages
    (
        (*_SCHEMAS, "InnerErrors", "properties", "_errors", "items"),
        {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        },
    ),
    # Sets of permissions are numbers in strings, and too big to be numbers in JSON.
    # https://discord.com/developers/docs/topics/permissions#permissions
    ((*_OVERWRITE, "allow"), {"type": ["string", "integer", "null"]}),
    ((*_OVERWRITE, "deny"), {"type": ["string", "integer", "null"]}),
    # A forward is a reference of type 1.
    # https://discord.com/developers/docs/resources/message#message-reference-types
    ((*_SCHEMAS, "MessageReferenceType"), {"type": "integer", "enum": [0, 1]}),
)
# discord.py sends ids as numbers, which Discord has always taken: what is said to be an id is one.
# https://discord.com/developers/docs/reference#snowflakes-snowflake-id-format
ASKED = {
    "SnowflakeType": {
        "anyOf": [
            {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"},
            {"type": "integer", "minimum": 0, "maximum": (1 << 64) - 1},
        ]
    }
}
# Objects of gateway events which have a schema among REST's.
# https://discord.com/developers/docs/events/gateway-events
DISPATCHED = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "GUILD_MEMBER_ADD": "GuildMemberResponse",
}


def _make_reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _make_list_schema(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _make_reference(name)}


DISPATCHED_PARTS = {
    "GUILD_CREATE": {
        "channels": _make_list_schema("GuildChannelResponse"),
        "roles": _make_list_schema("GuildRoleResponse"),
        "members": _make_list_schema("GuildMemberResponse"),
        "threads": _make_list_schema("ThreadResponse"),
    },
    "GUILD_MEMBERS_CHUNK": {"members": _make_list_schema("GuildMemberResponse")},
    "INTERACTION_CREATE": {"message": _make_reference("MessageResponse")},
    "READY": {"user": _make_reference("UserResponse")},
}


@dataclass(frozen=True)
class Operation:
    """One method of one path: what may be asked, and what is answered."""

    name: str
    pattern: re.Pattern[str]
    weight: int
    query: Mapping[str, Mapping[str, Any]]
    needed: frozenset[str]
    body: Mapping[str, Any] | None
    answers: Mapping[str, Mapping[str, Any] | None]


class Description:
    """Says what is wrong with a request, an answer or an event, one line each."""

    def __init__(self, document: dict[str, Any]) -> None:
        _correct(document)
        self.document = document
        asked = {**document, "components": {**document["components"]}}
        asked["components"]["schemas"] = {**document["components"]["schemas"], **ASKED}
        self._registry = jsonschema_rs.Registry([("told:", document), ("asked:", asked)])
        self._operations: dict[str, list[Operation]] = {}
        for path, methods in document["paths"].items():
            shared = methods.get("parameters", [])
            for method, told in methods.items():
                if method != "parameters":
                    found = _parse_operation(
                        document, path, told, [*shared, *told.get("parameters", [])]
                    )
                    self._operations.setdefault(method.upper(), []).append(found)
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def get_schema(self, name: str) -> dict[str, Any]:
        """Return a named schema."""
        found: dict[str, Any] = self.document["components"]["schemas"][name]
        return found

    def find_operation(self, method: str, path: str) -> Operation | None:
        """Return the operation a request is for."""
        fitting = [each for each in self._operations[method] if each.pattern.fullmatch(path)]
        return max(fitting, key=lambda each: each.weight, default=None)

    def check_request(self, exchange: ObservedRequest) -> Iterator[str]:
        """Say what is wrong with a request."""
        operation = self.find_operation(exchange.method, exchange.path)
        if operation is None:
            yield "there is no such operation"
            return
        for name in exchange.query.keys() - operation.query.keys():
            yield f"?{name}: no such parameter"
        for name in operation.needed - exchange.query.keys():
            yield f"?{name}: is required"
        for name in exchange.query.keys() & operation.query.keys():
            schema = operation.query[name]
            value = _parse_parameter(exchange.query[name], schema)
            yield from self._find_errors(value, schema, start=f"?{name}", side="asked")
        if exchange.body is not None and operation.body is None:
            yield "a body is sent where none is described"
        elif operation.body is not None and exchange.body is not None:
            yield from self._find_errors(exchange.body, operation.body, side="asked")

    def check_answer(self, exchange: ObservedRequest) -> Iterator[str]:
        """Say what is wrong with an answer; faults of the network (5xx) are not judged."""
        operation = self.find_operation(exchange.method, exchange.path)
        if operation is None or exchange.status >= 500:
            return
        for known in (str(exchange.status), f"{exchange.status // 100}XX"):
            if known in operation.answers:
                schema = operation.answers[known]
                break
        else:
            yield f"status {exchange.status}; described are {', '.join(operation.answers)}"
            return
        if schema is None and exchange.answer is not None:
            yield f"a body comes with status {exchange.status}, which has none"
        elif schema is not None:
            yield from self._find_errors(exchange.answer, schema)

    def check_event(self, event: str, payload: Mapping[str, Any]) -> Iterator[str]:
        """Say what is wrong with a gateway event, as far as its object is described."""
        name = DISPATCHED.get(event)
        if name is not None:
            yield from self._find_errors(payload, _make_reference(name))
        for key, schema in DISPATCHED_PARTS.get(event, {}).items():
            if key in payload:
                yield from self._find_errors(payload[key], schema, start=key)

    def check_value(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        """Say what is wrong with a value a bot would send."""
        return list(self._find_errors(value, schema, side="asked"))

    def _find_errors(
        self, value: Any, schema: Mapping[str, Any], *, start: str = "", side: str = "told"
    ) -> Iterator[str]:
        key = json.dumps(schema, sort_keys=True).replace('"#/components', f'"{side}:#/components')
        validator = self._validators.get(key)
        if validator is None:
            absolute = json.loads(key)
            validator = jsonschema_rs.Draft202012Validator(
                absolute, registry=self._registry, validate_formats=True
            )
            self._validators[key] = validator
        if validator.is_valid(value):
            return
        for error in validator.iter_errors(value):
            for path, message in _explain_error(error):
                where = ".".join([*([start] if start else []), *map(str, path)])
                yield f"{where or 'body'}: {message}"


def _correct(document: dict[str, Any]) -> None:
    for (*path, last), value in CORRECTIONS:
        node = document
        for step in path:
            node = node[step]
        node[last] = value


def _parse_operation(
    document: Mapping[str, Any], path: str, description: Mapping[str, Any], parameters: list[Any]
) -> Operation:
    parts = path.strip("/").split("/")
    escaped = [r"[^/]+" if part.startswith("{") else re.escape(part) for part in parts]
    queries = [each for each in parameters if each["in"] == "query"]
    content = description.get("requestBody", {}).get("content", {})
    kind = content.get("application/json") or content.get("multipart/form-data")
    return Operation(
        name=description["operationId"],
        pattern=re.compile("/" + "/".join(escaped)),
        weight=sum(_LITERAL for part in parts if not part.startswith("{")),
        query={each["name"]: each["schema"] for each in queries},
        needed=frozenset(each["name"] for each in queries if each.get("required")),
        body=kind["schema"] if kind else None,
        answers={
            code: _parse_answer(document, each) for code, each in description["responses"].items()
        },
    )


def _parse_answer(
    document: Mapping[str, Any], description: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if "$ref" in description:
        description = document["components"]["responses"][description["$ref"].rpartition("/")[2]]
    content = description.get("content", {}).get("application/json")
    found: Mapping[str, Any] | None = content["schema"] if content else None
    return found


def _parse_parameter(text: str, schema: Mapping[str, Any]) -> Any:
    """Read a parameter, which is text on the wire, as what the description calls it."""
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "integer" in kinds and re.fullmatch(r"-?\d+", text):
        return int(text)
    if "boolean" in kinds and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    if "array" in kinds:
        return text.split(",")
    return text


def _explain_error(error: Any) -> Iterator[tuple[list[Any], str]]:
    """Follow `oneOf` and `anyOf` into the alternative whose type matches."""
    branches = getattr(error.kind, "context", None)
    if not branches:
        yield list(error.instance_path), _shorten_message(error.message)
        return
    for nearest in min(branches, key=_measure_distance):
        yield from _explain_error(nearest)


def _measure_distance(branch: list[Any]) -> tuple[int, int]:
    other = sum(each.kind.name in ("enum", "const", "type") for each in branch)
    return other, len(branch)


def _shorten_message(message: str) -> str:
    """Shorten an error message; a value may have thousands of letters, and the cause is at the
    end.
    """
    return message if len(message) <= _SHORT else f"{message[:60]} … {message[-80:]}"


@cache
def load_description(file: Path) -> Description:
    """Read the description, once for a process."""
    return Description(json.loads(file.read_bytes()))
