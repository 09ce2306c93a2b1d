"""Coroutines: a missing or superfluous `await`, `async with`, `async for`, `async def`."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode, get_called_name

KIND = "await"
NEVER = re.compile(r"coroutine '(?:\w+\.)*(\w+)' was never awaited")
NEEDLESS = ("can't be used in 'await' expression",)
MUST_WAIT = ("must be a coroutine", "a coroutine was expected", "must be coroutine")
PLAIN_WITH = ("asynchronous context manager protocol", "__aenter__", "__aexit__")
ASYNC_WITH = ("context manager protocol", "__enter__", "__exit__")
PLAIN_FOR = ("'async for' requires",)
ASYNC_FOR = ("'async_generator' object is not iterable", "not iterable", "not an iterator")
# Methods that are coroutines in discord.py, aiohttp, aiosqlite, asyncpg and asyncio alike.
COROUTINES = {
    "send", "send_message", "edit", "edit_message", "delete", "reply", "defer", "add_reaction",
    "remove_reaction", "add_roles", "remove_roles", "kick", "ban", "unban", "fetch_user",
    "fetch_member", "fetch_channel", "fetch_message", "fetch_guild", "create_thread", "purge",
    "send_modal", "wait_for", "add_cog", "remove_cog", "load_extension", "reload_extension",
    "unload_extension", "sync", "execute", "executemany", "executescript", "commit", "rollback",
    "fetchone", "fetchall", "fetchrow", "fetchval", "acquire", "connect", "close", "json", "text",
    "read", "sleep", "gather", "drain", "wait", "join", "get_context", "invoke", "is_owner",
    "process_commands", "to_thread", "wait_until_ready", "wait_closed", "change_presence",
    "set_permissions",
}  # fmt: skip
TASKS = {"create_task", "ensure_future", "run_in_executor"}


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other ways to await in one statement."""
    if isinstance(statement, FunctionNode):
        yield from _propose_other_kind(statement, view)
        return
    function = view.source.find_function(statement)
    if isinstance(function, ast.FunctionDef):
        yield from _make_async(function, statement, view)
    if not isinstance(function, ast.AsyncFunctionDef):
        return
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call) and not isinstance(view.source.parents.get(node), ast.Await):
            yield _put(node, _weigh_call(node, view), view)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield from _propose_awaited_name(node, view)
        elif isinstance(node, ast.Await):
            yield from _propose_without_await(node, view)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from _propose_async_comprehension(node, view)
    yield from _propose_async_blocks(statement, view)


def _make_async(function: ast.FunctionDef, statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield an awaited coroutine in a function that becomes one too: both edits, or neither."""
    never = NEVER.search(view.crash.message)
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Call) and never is not None and get_called_name(node) == never[1]:
            start = view.source.get_span(function)[0]
            text = view.add_parentheses(node, f"await {view.get_code(node)}")
            marked = SourceEdit(view.source.path, start, start, "async ")
            edits = [marked, view.source.replace(node, text)]
            why = f"`async def {function.name}`, which awaits `{get_called_name(node)}`"
            yield view.make(edits, KIND, 0.6, why, node)


def _put(node: ast.expr, weight: float, view: View) -> Candidate:
    text = view.add_parentheses(node, f"await {view.get_code(node)}")
    return view.put(node, text, KIND, weight)


def _weigh_call(node: ast.Call, view: View) -> float:
    name, never = get_called_name(node), NEVER.search(view.crash.message)
    if never is not None and never[1] == name:
        return 0.97
    called = view.pools.functions.get(name)
    if called is not None:
        return 0.9 if isinstance(called, ast.AsyncFunctionDef) else 0.1
    suggests_await = view.has_crash_text("coroutine", "awaited")
    if name in COROUTINES or name in view.pools.library.coroutines:
        unused = isinstance(view.source.parents.get(node), ast.Expr)
        return 0.8 if suggests_await or unused else 0.45
    return 0.5 if suggests_await else 0.12


def _propose_awaited_name(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield the `await` of a name to which a coroutine or task was assigned before."""
    parent = view.source.parents.get(node)
    if isinstance(parent, ast.Await) or (isinstance(parent, ast.Call) and parent.func is node):
        return
    function = view.source.find_function(node)
    for inner in ast.walk(function) if function else ():
        if not isinstance(inner, ast.Assign) or not isinstance(inner.value, ast.Call):
            continue
        if inner.lineno < node.lineno and node.id in map(view.get_code, inner.targets):
            called = view.pools.functions.get(get_called_name(inner.value))
            if get_called_name(inner.value) in TASKS or isinstance(called, ast.AsyncFunctionDef):
                yield _put(
                    node, 0.6 if view.has_crash_text("coroutine", "Task", "Future") else 0.3, view
                )
                return


def _propose_without_await(node: ast.Await, view: View) -> Iterator[Candidate]:
    """Yield the awaited value without `await`, or gathered if it is a list."""
    name = get_called_name(node.value) if isinstance(node.value, ast.Call) else ""
    plain = isinstance(view.pools.functions.get(name), ast.FunctionDef)
    if name in view.pools.library.coroutines and not view.has_crash_text(*NEEDLESS):
        return  # it would not run at all
    weight = 0.95 if view.has_crash_text(*NEEDLESS) else 0.8 if plain else 0.1
    yield view.put(node, view.get_code(node.value), KIND, weight)


def _propose_async_comprehension(
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, view: View
) -> Iterator[Candidate]:
    """Yield the `async for` of a comprehension, or the `for` of one that has it."""
    for part in node.generators:
        before = view.source.text[: view.source.get_span(part.target)[0]].rstrip()
        if not before.endswith("for"):
            continue
        is_suggested = view.has_crash_text(*(PLAIN_FOR if part.is_async else ASYNC_FOR))
        if is_suggested and view.is_at_crash(node):
            old = "async for" if part.is_async and before.endswith("async for") else "for"
            new = "for" if part.is_async else "async for"
            edit = SourceEdit(view.source.path, len(before) - len(old), len(before), new)
            yield view.make([edit], KIND, 0.9, f"`{new}` instead of `{old}`", node)


def _propose_async_blocks(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield `async with` for `with` and back, and the same of `for`, as the crash asks."""
    if not view.is_at_crash(statement):
        return
    aside = isinstance(statement, (ast.AsyncWith, ast.AsyncFor))
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        is_suggested = view.has_crash_text(*PLAIN_WITH) if aside else _is_plain_with_refused(view)
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        is_suggested = view.has_crash_text(*(PLAIN_FOR if aside else ASYNC_FOR))
    else:
        return
    start = view.source.get_span(statement)[0]
    word = re.compile(r"async\s+").match(view.source.text, start)
    if not is_suggested or bool(word) != aside:
        return
    edit = SourceEdit(
        view.source.path, start, word.end() if word else start, "" if word else "async "
    )
    line = view.source.lines[statement.lineno - 1].strip()
    why = f"`{line}` {'without' if word else 'with'} `async`"
    yield view.make([edit], KIND, 0.9, why, statement)
    if isinstance(statement, ast.AsyncFor) and view.has_crash_text("got coroutine"):
        both = [edit, view.source.replace(statement.iter, f"await {view.get_code(statement.iter)}")]
        yield view.make(both, KIND, 0.95, f"await `{view.get_code(statement.iter)}`", statement)


def _is_plain_with_refused(view: View) -> bool:
    """Return whether the crash says that a plain `with` is not supported."""
    return view.has_crash_text(*ASYNC_WITH) and not view.has_crash_text(*PLAIN_WITH)


def _propose_other_kind(function: FunctionNode, view: View) -> Iterator[Candidate]:
    """Yield `async def` for a function that is awaited, `def` for a coroutine that never is."""
    start = view.source.get_span(function)[0]
    name = function.name
    uses = view.source.calls.get(name, [])
    awaited = [node for node in uses if isinstance(view.source.parents.get(node), ast.Await)]
    if isinstance(function, ast.FunctionDef):
        wanted = 0.6 * (len(awaited) == len(uses) > 0 and view.has_crash_text(*NEEDLESS))
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        lines = range(first, (function.end_lineno or first) + 1)
        crash_lines = (frame.line for frame in view.crash.frames if frame.path == view.source.path)
        if view.has_crash_text(*MUST_WAIT) and any(line in lines for line in crash_lines):
            wanted = 0.9
        if wanted:
            edit = SourceEdit(view.source.path, start, start, "async ")
            yield view.make([edit], KIND, wanted, f"`async def {name}`", function)
        return
    waits = any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in ast.walk(function)
    )
    if not waits and not awaited and view.has_crash_text("coroutine", "awaited"):
        edit = SourceEdit(view.source.path, start, start + len("async "), "")
        yield view.make([edit], KIND, 0.6, f"`def {name}`, because it awaits nothing", function)
