"""GitHub's published OpenAPI description, as far as `githubkit-schemas` carries it.

The package is generated from the description: one method an operation, with its path, its query
and the pydantic models of its body and answers. What is said here to GitHub, and what the twin
says back, is held to it; anything it does not know is a violation.
"""

import ast
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module, resources
from typing import Any, NamedTuple, Union

from pydantic import TypeAdapter, ValidationError

VERSION = "2022-11-28"
_PACKAGE = "githubkit_schemas.v2022_11_28"  # imported at use: it may be missing
_PARTS = ("pulls", "issues", "repos", "git", "checks", "apps", "users", "rate_limit", "actions")


class Operation(NamedTuple):
    """What the description says of one operation. No `body` or no `answer`: `None`."""

    query: frozenset[str]
    body: TypeAdapter[Any] | None
    answer: TypeAdapter[Any] | None
    errors: Mapping[str, TypeAdapter[Any]]


def load_description() -> None:
    """Import the models, so that a missing package is known before the first request."""
    import_module(f"{_PACKAGE}.models")


def find_request_fault(
    method: str, template: str, query: Mapping[str, str], body: bytes
) -> str | None:
    """Return what is wrong with a request, `None` if it is as described."""
    operation = find_operation(method, template)
    if operation is None:
        return "the description has no such operation"
    if unknown := set(query) - operation.query:
        return f"the description has no query parameter {', '.join(sorted(unknown))}"
    if not body:
        return None
    if operation.body is None:
        return None if body == b"{}" else "the description has no body for it"
    return _find_fault(operation.body, body, strict=True)


def find_answer_fault(method: str, template: str, status: int, body: bytes) -> str | None:
    """Return what is wrong with an answer, `None` if it is as described."""
    operation = find_operation(method, template)
    if operation is None:
        return "the description has no such operation"
    if status >= 400:
        kind = operation.errors.get(str(status), _get_error_type())
        return _find_fault(kind, body, strict=False)
    if operation.answer is None or status in (204, 304):
        return "there should be no body" if body else None
    return _find_fault(operation.answer, body, strict=True)


@cache
def find_operation(method: str, template: str) -> Operation | None:
    """Return an operation, `None` if the description has none at this path."""
    for part in _PARTS:
        source = _read_source(part)
        found = re.search(rf"^ +{method} {re.escape(template)}$", source, re.MULTILINE)
        if found is not None:
            start = source.rindex("\n    def ", 0, found.start())
            end = source.find("\n    async def ", found.end())
            return _parse_operation(source[start:end])
    return None


def _parse_operation(source: str) -> Operation:
    """Read one generated method."""
    # What follows a method may be the decorator of the next.
    text = source.rstrip().removesuffix("@overload")
    method = ast.parse(f"class Part:\n{text}").body[0]
    query: frozenset[str] = frozenset()
    body, answer, errors = None, None, {}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "params":
            assert isinstance(node.value, ast.Dict)
            query = frozenset(ast.literal_eval(key) for key in node.value.keys if key)
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func) == "type_validate_python":
            body = _build_type(node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "response_model":
                answer = _build_type(keyword.value)
            if keyword.arg == "error_models" and isinstance(keyword.value, ast.Dict):
                errors = {
                    ast.literal_eval(key): _build_type(value)
                    for key, value in zip(keyword.value.keys, keyword.value.values, strict=True)
                    if key is not None
                }
    return Operation(query, body, answer, errors)


def _build_type(expression: ast.expr) -> TypeAdapter[Any]:
    names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
    known: dict[str, object] = {"Union": Union, "list": list, "dict": dict, "Any": Any}
    known |= {name: _get_model(name) for name in names - set(known) - {"str", "int", "bool"}}
    return TypeAdapter(eval(compile(ast.Expression(expression), "description", "eval"), known))  # noqa: S307 - the package's own types


def _find_fault(kind: TypeAdapter[Any], body: bytes, *, strict: bool) -> str | None:
    try:
        kind.validate_json(body, strict=True, extra="forbid" if strict else "ignore")
    except ValidationError as error:
        # Permissions may have any name; asked to forbid unknown fields, pydantic forbids these too.
        found = [
            each
            for each in error.errors()
            if each["type"] != "extra_forbidden" or "permissions" not in each["loc"][:-1]
        ]
        places = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found]
        return "; ".join(places[:5]) or None
    return None


@cache
def _get_error_type() -> TypeAdapter[Any]:
    return TypeAdapter(_get_model("BasicError"))


def _get_model(name: str) -> Any:
    return getattr(import_module(f"{_PACKAGE}.models"), name)


@cache
def _read_source(part: str) -> str:
    return resources.files(f"{_PACKAGE}.rest").joinpath(f"{part}.py").read_text()
