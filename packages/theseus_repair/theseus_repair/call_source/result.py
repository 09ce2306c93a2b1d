"""Writes a test that checks the answer of a call that a person stated."""

import ast
import builtins

from theseus_guard.syntax import evaluate_literal, parse

from theseus_repair.call_source.arguments import call_from
from theseus_repair.call_source.target import CallFrame, Function, find_target
from theseus_repair.call_source.writer import INDENT, WIDTH, Group, Unwritable, Writer, write_test


def build_result_test(
    text: str, frame: CallFrame, *, name: str, doc: str, answer: str = "", raises: str = ""
) -> str | None:
    """Return the source of a file with one test, or `None` if it cannot be written.

    `frame` is the call: the function in its `module`, whose source is `text`, and its `arguments`.
    It has to answer `answer`, a literal's source, or to raise `raises`, a built-in exception.
    """
    target = find_target(text, frame)
    call = call_from(target, frame) if target else None
    if call and not _is_annotated(text):
        call.typed = True  # these tests are not type-checked
    package, _, own = frame.module.rpartition(".")
    source = target and call and write_test((package, own), target, call, name=name, doc=doc)
    if not source:
        return None
    return _assert_answer(source, answer) if answer else _assert_raises(source, raises)


def _is_annotated(text: str) -> bool:
    functions = (node for node in ast.walk(parse(text)) if isinstance(node, Function))
    return any(node.returns is not None for node in functions)


def _assert_answer(source: str, answer: str) -> str | None:
    call = find_call(source)
    assertion = f"{INDENT}assert answer is None" if answer == "None" else format_assertion(answer)
    if call is None or not assertion:
        return None
    lines = source.splitlines()
    first = f"{INDENT}answer = {lines[call.lineno - 1].lstrip()}"
    if len(first) > WIDTH:
        return None
    rest = lines[call.lineno : call.end_lineno]
    return "\n".join([*lines[: call.lineno - 1], first, *rest, assertion]) + "\n"


def _assert_raises(source: str, raises: str) -> str | None:
    known, call = getattr(builtins, raises, None), find_call(source)
    if call is None or not (isinstance(known, type) and issubclass(known, Exception)):
        return None
    lines = source.splitlines()
    body = [f"{INDENT}{line}" for line in lines[call.lineno - 1 : call.end_lineno]]
    if any(len(line) > WIDTH for line in body):
        return None
    lines_with_raises = [*lines[: call.lineno - 1], f"{INDENT}with pytest.raises({raises}):", *body]
    return _add_pytest_import("\n".join(lines_with_raises) + "\n")


def _add_pytest_import(source: str) -> str:
    """Import pytest where ruff would: after the standard library, before the project."""
    at = source.index("\n\n\ndef ")
    *standard, own = source[:at].split("\n\n")
    return "\n\n".join([*standard, "import pytest", own]) + source[at:]


def find_call(source: str) -> ast.Expr | None:
    """Return the call that a test written here ends with."""
    function = parse(source).body[-1]
    last = function.body[-1] if isinstance(function, ast.FunctionDef) else None
    return last if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) else None


def format_assertion(answer: str) -> str:
    """Return the line that asserts this literal as `answer`, or an empty string."""
    writer = Writer()
    try:
        value = evaluate_literal(answer)
        written = writer.write(value, WIDTH)
    except (Unwritable, ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return ""
    if value is None or writer.texts:
        return ""
    sign = "is" if isinstance(value, bool) else "=="
    text = written.flat if isinstance(written, Group) else written
    line = f"{INDENT}assert answer {sign} {text}"
    return line if len(line) <= WIDTH else ""
