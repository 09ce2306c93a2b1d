"""The same tokens in every version of Python: what the guard says does not depend on its own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from guard_tests.cases import DICE, judge_change
from theseus_guard import _tokens

# What prints the tokens of each source, or nothing for one that Python 3.11 does not read.
PROGRAM = """
import ast, importlib.util, io, json, sys, tokenize
spec = importlib.util.spec_from_file_location("tokens", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
found = []
for text in json.loads(sys.stdin.read()):
    try:
        ast.parse(text, feature_version=module.OLDEST)
        tokens = module.as_oldest(tokenize.generate_tokens(io.StringIO(text).readline), text)
        found.append([[t.string, t.start, t.end] for t in tokens if t.string.strip()])
    except SyntaxError:
        found.append(None)
print(json.dumps(found))
"""
SOURCES: Mapping[str, int] = {
    "X = f'a{b}c'": 3,
    "X = f'a{b!r:>{width}}c' 'd' f'{e=}'": 5,
    "X = f'{{a}}{b}' + rf'\\d{{2}}{c}'": 5,
    "X = f'\\'{a}\\''": 3,
    "X = f'\u00e9{\u00fc}\u00f6' + \u00e9": 5,
    'X = f"""\n  {{ {a}\n }} """.format(b)': 8,
    "X = f\"\"\"{f'''{a}'''}\"\"\"": 3,
    "X = F'{a[0]:{b}}' if c else ''": 7,
    "X = f'{\"#\"}#'": 3,
    "use\u0301r = is\u203fadmin = os\u00b7path = 1": 7,
    "X = 1_000 + 0x1f  # \u00e9": 6,
}
NEWER = (
    "X = f'{a['b']}'",
    "X = f'{f'{a}'}'",
    "X = f'{\"\\n\".join(a)}'",
    "X = f'{a  # b\n}'",
    "X = f'{\na}'",
)
ACCENTED = ("use\u0301r", "is\u203fadmin", "os\u00b7path")


def _interpreters() -> list[str]:
    """Return this Python and the others that are installed."""
    named = [shutil.which(f"python3.{minor}") or "" for minor in (11, 12, 13, 14)]
    named += map(str, Path.home().glob(".pyenv/versions/3.1[1-4]*/bin/python"))
    found = sorted({path for path in named if path and _starts(path)})
    return [sys.executable, *found]


def _starts(path: str) -> bool:
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


def _tokens_by(interpreter: str, sources: list[str]) -> list[list[list[object]] | None]:
    done = subprocess.run(
        [interpreter, "-I", "-c", PROGRAM, str(Path(_tokens.__file__))],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[list[object]] | None] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("interpreter", _interpreters())
def test_every_python_cuts_sources_alike(interpreter: str) -> None:
    here, there = (
        _tokens_by(python, [*SOURCES, *NEWER]) for python in (sys.executable, interpreter)
    )
    assert here == there
    known = there[: len(SOURCES)]
    assert [len(tokens or ()) for tokens in known] == list(SOURCES.values())
    strings = {str(token[0]) for token in known[-2] or ()}
    assert strings >= set(ACCENTED)
    assert there[len(SOURCES) :] == [None] * len(NEWER)


@pytest.mark.parametrize("source", [*NEWER, "type X = int", "def f[T](a: T) -> T: ..."])
def test_what_only_newer_pythons_read_stops_a_proposal_in_every_version(source: str) -> None:
    found = judge_change(DICE, "X = 1\n", f"X = 1\n{source}\n")
    assert any(one.blocking and "Python 3.11 cannot parse" in one.message for one in found)
