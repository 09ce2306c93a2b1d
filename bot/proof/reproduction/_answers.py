"""Defines what a reproduction accepts as an answer: the one before the fault, or a refusal."""

import re

from theseus_repair.call_source.result import find_call, format_assertion
from theseus_repair.call_source.writer import INDENT, WIDTH

from bot.domain.plan import Reproduction

_UNANSWERED = re.compile(r"_does_not_raise_\w*$")


def add_answer(test: Reproduction, answer: str) -> Reproduction | None:
    """Return the test with an assertion on the answer, a literal's source; `None` if impossible.

    The answer `None` is not asserted: it says no more than that nothing was raised.
    """
    lines = test.source.splitlines()
    call = find_call(test.source)
    assertion = format_assertion(answer)
    if call is None or not assertion:
        return None
    first = f"{INDENT}answer = {lines[call.lineno - 1].lstrip()}"
    if len(first) > WIDTH:
        return None
    source = [*lines[: call.lineno - 1], first, *lines[call.lineno : call.end_lineno], assertion]
    named = _UNANSWERED.sub("_answers_as_before_the_fault", test.node_id)
    old, new = (node.rpartition("::")[2] for node in (test.node_id, named))
    renamed = "\n".join(source).replace(f"def {old}()", f"def {new}()")
    return test.replace(source=f"{renamed}\n", node_id=named, answered=True)


def add_refusals(test: Reproduction) -> Reproduction:
    """Return the test with refusals accepted as answers.

    Those are exceptions of the call's own module which a caller in the traceback catches.
    """
    lines, call = test.source.splitlines(), find_call(test.source)
    if call is None or not test.refusals:
        return test
    body = [f"{INDENT}{line}" for line in lines[call.lineno - 1 : call.end_lineno]]
    first = f"{INDENT}with contextlib.suppress({', '.join(test.refusals)}):"
    if any(len(line) > WIDTH for line in (first, *body)):
        return test
    source = "\n".join([*lines[: call.lineno - 1], first, *body]) + "\n"
    return test.replace(source=_add_import(source))


def _add_import(source: str) -> str:
    own = "import contextlib\n"
    if source.startswith("import asyncio\n"):
        return source.replace("import asyncio\n", f"import asyncio\n{own}", 1)
    return own + source if source.startswith("from collections.abc") else f"{own}\n{source}"
