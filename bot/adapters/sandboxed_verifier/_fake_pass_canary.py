"""A test that has to fail, so that sources which pass whatever a test says are found out.

What a change brings runs in the very process that counts its tests: it can report what it likes.
So the reproduction is run once more with a failure at its end, from the same file, under the same
name. Beside other tests a plugin repeats one of them, and fails it. Sources that fake results fake
these too.
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bot.adapters.sandboxed_verifier._commands import REPORT, reporting
from bot.adapters.sandboxed_verifier._report import PytestReport, read_report
from bot.domain.plan import Reproduction
from bot.guards import is_test_file

_PLUGIN = "theseus_witness"
_BESIDE = Path(__file__).with_name("_repeat_plugin.py")

_AFTER = """

def _fails(test):
    import functools, inspect

    if inspect.iscoroutinefunction(test):

        @functools.wraps(test)
        async def run(*args, **named):
            await test(*args, **named)
            raise AssertionError({nonce!r})

    else:

        @functools.wraps(test)
        def run(*args, **named):
            test(*args, **named)
            raise AssertionError({nonce!r})

    return run


{name} = _fails({name})
"""


def witness(reproduction: Reproduction) -> tuple[Reproduction, str]:
    """Return the reproduction with a failure at its end, and the word it fails with."""
    nonce = secrets.token_hex(8)
    name = ".".join(reproduction.node_id.split("::")[1:]).partition("[")[0]
    source = reproduction.source + _AFTER.format(nonce=nonce, name=name)
    return reproduction.but(source=source), nonce


def testifies(report: PytestReport | None, nonce: str) -> bool:
    """Whether the failure was reported as it was made."""
    if report is None or len(report.failures) != 1 or report.passed:
        return False
    failure = report.failures[0]
    return not failure.broken and nonce in failure.message


class Watched(NamedTuple):
    """A pytest command with our plugin beside it. `word` is what its witnesses fail with."""

    command: list[str]
    env: dict[str, str]
    report: Path
    word: str

    def read(self) -> PytestReport | None:
        """Return what happened, once it has ended."""
        return read_report(self.report, self.word)


def watched(command: Sequence[str], place: Path, changed: Sequence[str]) -> Watched:
    """Return the command, to be run in `place/tree`, where these files were changed."""
    tree, own, word = place / "tree", place / "own", secrets.token_hex(8)
    own.mkdir()
    (own / f"{_PLUGIN}.py").write_bytes(_BESIDE.read_bytes())
    sources = [os.path.realpath(tree / file) for file in changed if not is_test_file(file)]
    env = {
        "PYTHONPATH": os.pathsep.join((str(own), str(tree))),
        "THESEUS_WITNESS": word,
        "THESEUS_CHANGED": os.pathsep.join(sources),
    }
    report = place / REPORT
    return Watched([*reporting(command, report), "-p", _PLUGIN], env, report, word)
