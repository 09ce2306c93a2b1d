"""Tests that check a command's answer that a person called right, and probes for an answer."""

import ast
import re
from hashlib import sha256

from theseus_guard.syntax import parse

from bot.domain.brief import Wanted
from bot.domain.incorrect_output import AnswerExample
from bot.domain.plan import Reproduction
from bot.proof.reproduction import FOLDER, build_script_test

_SEED = 0  # of the room's random numbers, if the project's room has any
_ROOM_TEXT = "room.shown"


def answer_test(example: AnswerExample, expected: str, room: str) -> Reproduction | None:
    """Return a test of the example whose answer has to contain `expected`.

    `room` is the project's own (`ROOM`). Return `None` if it cannot be written: see
    `build_script_test`.
    """
    named = re.sub(r"[^a-z0-9]+", "_", example.event.partition(".")[2].lower()).strip("_")[:40]
    digest = sha256(f"{example.asked}\n{expected}".encode(errors="replace")).hexdigest()[:8]
    return build_script_test(
        example.script,
        path=f"{FOLDER}/test_{named or 'command'}_answer_{digest}.py",
        name=f"test_{named or 'command'}_answers_what_is_right",
        doc="Somebody was answered otherwise, and said that this is right.",
        expects=AssertionError.__name__,
        wanted=(Wanted(step=len(example.script.steps) - 1, shows=(expected,)),),
        seed=_SEED if "seed: int" in room else None,
    )


def answer_probe(test: Reproduction) -> Reproduction | None:
    """Return a test whose call returns what people read; `None` if there is no such call."""
    tree = parse(test.source)
    function = tree.body[-1]
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    checked = function.body[-1]
    if not isinstance(checked, ast.Assert):
        return None
    asks = any(
        isinstance(node, ast.Attribute) and ast.unparse(node) == _ROOM_TEXT
        for node in ast.walk(checked.test)
    )
    shown = "room.shown(answer)" if asks else r"'\n'.join(room.said())"
    function.body[-1] = ast.Return(parse(shown, "eval").body)
    function.name, function.returns = "ask", None
    called = (
        "def test_ask():\n    asyncio.run(ask(Path(tempfile.mkdtemp(prefix='asked-', dir='.'))))\n"
    )
    source = "\n".join(["import asyncio", "import tempfile", ast.unparse(tree), "", called])
    return test.replace(source=ast.unparse(ast.fix_missing_locations(parse(source))) + "\n")


def find_room_difference(old: str, new: str) -> str:
    """Return the first line of an old answer, as the room shows it, that today's answer lacks."""
    before, now = ([line.strip() for line in text.split("\n")] for text in (old, new))
    return next((line for line in before if line and line not in now), "")
