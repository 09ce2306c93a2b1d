"""Writes a test that checks the answer of a call that a person stated."""

import ast
import builtins

from theseus_guard.syntax import parse

from bot.domain.journal import Frame
from bot.proof.reproduction._answers import find_call, format_assertion
from bot.proof.reproduction._calls import call_from
from bot.proof.reproduction._target import Function, find_target
from bot.proof.reproduction._write import INDENT, WIDTH, write_test


def build_result_test(
    text: str, frame: Frame, *, name: str, doc: str, answer: str = "", raises: str = ""
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
