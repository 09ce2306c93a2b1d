"""Frequent mistakes with Discord's library: answers, identifiers, lookups, limits."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View

KIND = "discord"
RESPONSE = "response"  # the same answer, sent in the other way
ANSWERED = ("already been responded to", "already responded", "InteractionResponded")
UNKNOWN = ("Unknown Webhook", "Unknown interaction")
LOOKUPS = ("user", "member", "channel", "guild", "message", "emoji", "role", "thread")
PEOPLE = {"user", "member", "author", "guild", "channel", "role", "message", "owner"}
TOO_LONG = re.compile(r"Must be (\d+) or fewer in length|Must be between \d+ and (\d+) in length")
TOO_MANY = re.compile(r"maximum number of (?:options|children|items)|view (?:is|would be) full")
# What Discord documents as the most elements of each.
ELEMENTS = {"options": 25, "choices": 25, "fields": 25, "embeds": 10, "files": 10}
ADDING = {"add_field": 25, "add_option": 25, "add_item": 25, "insert_field_at": 25}
CONTENT = {"content": 2000}
# What Discord documents as the longest text of each, in characters.
LIMITS: dict[str, dict[str, int]] = {
    "Embed": {"title": 256, "description": 4096},
    "add_field": {"name": 256, "value": 1024},
    "insert_field_at": {"name": 256, "value": 1024},
    "set_field_at": {"name": 256, "value": 1024},
    "set_footer": {"text": 2048},
    "set_author": {"name": 256},
    "Button": {"label": 80, "custom_id": 100},
    "SelectOption": {"label": 100, "description": 100, "value": 100},
    "Choice": {"name": 100, "value": 100},
    "Modal": {"title": 45},
    "TextInput": {"label": 45, "placeholder": 100},
    "create_thread": {"name": 100},
    "send": CONTENT,
    "send_message": CONTENT,
    "reply": CONTENT,
    "edit": CONTENT,
    "edit_message": CONTENT,
    "edit_original_response": CONTENT,
}
QUIET = {"send_message", "defer", "send"}


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other calls of the library for one statement."""
    yield from _limit_repetition(statement, view)
    yield from _limit_choices(statement, view)
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.Name)):
            yield from _propose_answers(node, view)
            yield from _propose_lookups(node, view)
            yield from _limit_text(node, view)
            yield from _limit_elements(node, view)
            yield from _convert_identifier(node, view)
            yield from _propose_ephemeral(node, view)
            yield from _remove_conversion(node, view)
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            yield from _propose_identifiers(node, view)


def _name(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def _propose_answers(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the follow-up for a second response to an interaction, the response for a first one."""
    code = view.get_code(node.func)
    before = view.source.find_function(node)
    if code.endswith(".response.send_message"):
        head = code.removesuffix(".response.send_message")
        earlier = before is not None and any(
            isinstance(each, ast.Call) and each.lineno < node.lineno
            and view.get_code(each.func).startswith(f"{head}.response.")
            for each in ast.walk(before)
        )  # fmt: skip
        weight = 0.95 if view.has_crash_text(*ANSWERED) else 0.7 if earlier else 0.25
        yield view.put(node.func, f"{head}.followup.send", RESPONSE, weight)
        yield view.put(node.func, f"{head}.response.edit_message", KIND, 0.25)
    elif code.endswith(".followup.send"):
        head = code.removesuffix(".followup.send")
        weight = 0.8 if view.has_crash_text(*UNKNOWN) else 0.3
        yield view.put(node.func, f"{head}.response.send_message", RESPONSE, weight)
    elif code.endswith(".response.edit_message"):
        head = code.removesuffix(".response.edit_message")
        weight = 0.8 if view.has_crash_text(*ANSWERED) else 0.25
        yield view.put(node.func, f"{head}.edit_original_response", KIND, weight)


def _propose_lookups(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield an API request for a lookup in the cache, in a coroutine."""
    name = _name(node)
    asynchronous = isinstance(view.source.find_function(node), ast.AsyncFunctionDef)
    if name.removeprefix("get_") not in LOOKUPS or not name.startswith("get_") or not asynchronous:
        return
    if isinstance(node.func, ast.Attribute) and not isinstance(
        view.source.parents.get(node), ast.Await
    ):
        head, code = view.get_code(node.func.value), view.get_code(node)
        request = f"await {head}.fetch_{name[4:]}{code[len(view.get_code(node.func)) :]}"
        is_missing = view.has_crash_text("NoneType")
        yield view.put(node, view.add_parentheses(node, request), KIND, 0.6 if is_missing else 0.15)
        if not isinstance(view.source.parents.get(node), (ast.Attribute, ast.BoolOp)):
            yield view.put(node, f"{code} or {request}", KIND, 0.55 if is_missing else 0.12)


def _limit_text(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a text cut to Discord's maximum length."""
    longest = _find_limit(view)
    arguments = {keyword.arg: keyword.value for keyword in node.keywords}
    name = _name(node)
    if name in {"send", "send_message", "reply"} and node.args:
        arguments["content"] = node.args[0]
    for field, limit in LIMITS.get(name, {}).items():
        value = arguments.get(field)
        if value is None or isinstance(value, (ast.Constant, ast.Starred)):
            continue
        can_be_cut = isinstance(
            value, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.JoinedStr)
        )
        code = view.get_code(value)
        text = f"{code if can_be_cut else f'({code})'}[:{limit}]"
        yield view.put(value, text, KIND, 0.9 if longest == limit else 0.15)


def _find_limit(view: View) -> int:
    """Return the number that Discord's refusal names as the most; 0 if it names none."""
    error = TOO_LONG.search(view.crash.message)
    return int(next(filter(None, error.groups()))) if error else 0


def _limit_elements(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the first elements of a list, as many as Discord accepts."""
    for keyword in node.keywords:
        limit = ELEMENTS.get(keyword.arg or "", 0)
        if limit and not isinstance(keyword.value, (ast.Constant, ast.List)):
            yield _cut_list(keyword.value, limit, view)


def _limit_repetition(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield a loop that adds no more than Discord accepts."""
    if isinstance(statement, ast.For):
        called = {_name(node) for node in ast.walk(statement) if isinstance(node, ast.Call)}
        limits = [limit for name, limit in ADDING.items() if name in called]
        if limits and not isinstance(statement.iter, (ast.List, ast.Tuple)):
            yield _cut_list(statement.iter, min(limits), view)


def _limit_choices(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield no more suggestions for an option than Discord accepts."""
    function = view.source.find_function(statement)
    value = statement.value if isinstance(statement, ast.Return) else None
    if function is None or not isinstance(value, (ast.ListComp, ast.Name, ast.Call)):
        return
    decorators = " ".join(map(view.get_code, function.decorator_list))
    if "autocomplete" in decorators or "autocomplete" in function.name:
        yield _cut_list(value, ELEMENTS["choices"], view)


def _cut_list(value: ast.expr, limit: int, view: View) -> Candidate:
    code = view.get_code(value)
    name = _name(value) if isinstance(value, ast.Call) else ""
    is_list = isinstance(value, (ast.ListComp, ast.Name, ast.Attribute, ast.Subscript))
    is_list = is_list or name in ("sorted", "list", "split", "splitlines")
    text = f"{code}[:{limit}]" if is_list else f"list({code})[:{limit}]"
    is_wanted = _find_limit(view) == limit or TOO_MANY.search(view.crash.message)
    return view.put(value, text, KIND, 0.95 if is_wanted else 0.15)


def _convert_identifier(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield the number for a text that names what is looked up."""
    name = _name(node)
    kind, _, thing = name.partition("_")
    if kind not in ("get", "fetch") or thing not in LOOKUPS or len(node.args) != 1:
        return
    value = node.args[0]
    code = view.get_code(value)
    if not isinstance(value, ast.Constant) and not code.startswith("int("):
        weight = 0.6 if view.has_crash_text("NoneType", "snowflake") else 0.3
        yield view.put(value, f"int({code})", KIND, 0.1 if code.endswith(".id") else weight)


def _propose_ephemeral(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a response that only the user sees, and back."""
    code = view.get_code(node.func)
    if _name(node) not in QUIET or not re.search(r"\.(response|followup)\.|^(ctx|context)\.", code):
        return
    for keyword in node.keywords:
        if keyword.arg == "ephemeral":
            return
    start, end = view.source.get_span(node)
    inside = view.source.text[start : end - 1].rstrip()
    joint = "" if inside.endswith("(") else " " if inside.endswith(",") else ", "
    others = "ephemeral=True" in view.source.text
    yield view.put(node, f"{inside}{joint}ephemeral=True)", KIND, 0.4 if others else 0.25)


def _propose_identifiers(node: ast.Name | ast.Attribute, view: View) -> Iterator[Candidate]:
    """Yield the identifier for an object, and the text or number for an identifier."""
    parent = view.source.parents.get(node)
    last = node.id if isinstance(node, ast.Name) else node.attr
    code = view.get_code(node)
    if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node):
        return
    key = _is_key(node, parent)
    if last in PEOPLE and "id" in view.pools.attributes:
        yield view.put(node, f"{code}.id", KIND, 0.45 if key else 0.3)
    if last == "id" or last.endswith("_id"):
        missed = view.crash.error == "KeyError" and view.is_at_crash(node)
        if key:
            numeric = missed and view.crash.message.strip("'\"").isdigit()
            yield view.put(node, f"str({code})", KIND, 0.9 if numeric else 0.3)
            yield view.put(node, f"int({code})", KIND, 0.85 if numeric else 0.25)


def _is_key(node: ast.expr, parent: ast.AST | None) -> bool:
    """Return whether a value is looked up or compared, so that its type matters."""
    if isinstance(parent, ast.Subscript):
        return parent.slice is node
    if isinstance(parent, ast.Call):
        return _name(parent) in {"get", "pop", "setdefault", "discard", "remove", "add"}
    return isinstance(parent, ast.Compare)


def _remove_conversion(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield an identifier without its conversion to a text or number."""
    if view.get_code(node.func) in {"str", "int"} and len(node.args) == 1:
        code = view.get_code(node.args[0])
        if code.endswith("id") and not node.keywords:
            yield view.put(node, code, KIND, 0.35)
