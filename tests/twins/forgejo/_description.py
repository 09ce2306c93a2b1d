"""Forgejo's published API description, as what both sides of the twin are held to.

`api/swagger.json` is the part of Forgejo's own that is used here: templates/swagger/v1_json.tmpl of
https://codeberg.org/forgejo/forgejo, June 2025 (11.0), under the MIT license for the purpose of
interoperability, without titles and descriptions. Anything that it does not know is a violation.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_FILE = Path(__file__).parent / "api/swagger.json"


def find_request_fault(
    method: str, template: str, query: Mapping[str, str], body: bytes
) -> str | None:
    """Return what is wrong with a request, `None` if it is as described."""
    operation = _find_operation(method, template)
    if operation is None:
        return "the description has no such operation"
    known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    if unknown := set(query) - known:
        return f"the description has no query parameter {', '.join(sorted(unknown))}"
    if not body:
        return None
    schema = next(
        (each["schema"] for each in operation.get("parameters", ()) if each["in"] == "body"), None
    )
    if schema is None:
        return "the description has no body for it"
    return _find_fault(schema, body, is_answer=False)


def find_answer_fault(method: str, template: str, status: int, body: bytes) -> str | None:
    """Return what is wrong with an answer, `None` if it is as described.

    Every operation may answer 401, 403, 404 and 5xx, which the description names for some only.
    """
    operation = _find_operation(method, template)
    if operation is None:
        return "the description has no such operation"
    responses = operation["responses"]
    if str(status) not in responses and (status in (401, 403, 404, 429) or status >= 500):
        return None
    if str(status) not in responses:
        return f"the description has no answer {status}"
    answer = responses[str(status)]
    name = answer.get("$ref", "").rpartition("/")[2]
    schema = (_load()["responses"][name] if name else answer).get("schema")
    if schema is None:
        # Forgejo calls the 405 of a merge empty, and sends an error in it.
        return "there should be no body" if body and status < 400 else None
    if not body:
        return None if status >= 400 else "there should be a body"
    return _find_fault(schema, body, is_answer=True)


def _find_operation(method: str, template: str) -> Any:
    return _load()["paths"].get(template, {}).get(method.lower())


def _find_fault(schema: Any, body: bytes, *, is_answer: bool) -> str | None:
    validator = _compile(json.dumps(schema, sort_keys=True), is_answer)
    found = [
        f"{'.'.join(map(str, each.instance_path))}: {each.message[:160]}"
        for each in validator.iter_errors(json.loads(body))
    ]
    return "; ".join(found[:5]) or None


@cache
def _compile(schema: str, is_answer: bool) -> Any:
    definitions = {
        name: _close(each, is_answer=is_answer) for name, each in _load()["definitions"].items()
    }
    return jsonschema_rs.Draft4Validator(
        {**_close(json.loads(schema), is_answer=is_answer), "definitions": definitions}
    )


def _close(schema: Any, *, is_answer: bool) -> Any:
    """Return a schema that forbids unknown fields.

    The description does not say what may be null. It is made from Go's types, and the empty value
    of pointers, lists and times is null there; nothing that is sent to Forgejo needs one.
    """
    if not isinstance(schema, dict):
        return schema
    closed = {**schema}
    if "properties" in schema:
        closed["additionalProperties"] = False
        closed["properties"] = {
            name: _allow_null(_close(each, is_answer=is_answer))
            if is_answer
            else _close(each, is_answer=is_answer)
            for name, each in schema["properties"].items()
        }
    if "items" in schema:
        closed["items"] = _close(schema["items"], is_answer=is_answer)
    return closed


def _allow_null(schema: Any) -> Any:
    return {"anyOf": [schema, {"type": "null"}]}


@cache
def _load() -> Any:
    return json.loads(_FILE.read_text())
