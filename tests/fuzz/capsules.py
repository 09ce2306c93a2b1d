"""Capsules of failures: what becomes a test of the failing call must be sound source."""

import ast
import json
from contextlib import ExitStack
from pathlib import Path

from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal._observed_records import RecordReader
from bot.proof.reproduction import build_candidates, build_command_candidate
from tests.fakes.fake_clock import FakeClock
from tests.fuzz.journal_lines import CAPSULE, RECORD
from tests.fuzz.judge import Case
from tests.fuzz.variation import build_json_case

_SOURCE = (
    "from discord.ext import commands\n\n\nclass Dice(commands.Cog):\n"
    "    async def roll(self, dice, sides=6):\n        return FACES[sides]\n\n\n"
    "def face(dice, sides):\n    return FACES[sides]\n"
)
_PLAIN = {"file": "cogs/dice.py", "line": 10, "function": "face", "module": "cogs.dice",
          "arguments": {"dice": "'4d0'", "sides": "[0, {'a': (1, 2.5)}]"}}  # fmt: skip
SEEDS = (CAPSULE, {**CAPSULE, "frames": [_PLAIN]})


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: another bot's capsule becomes tests, which have to be Python."""
    clock, reader = FakeClock(), RecordReader(redact)
    oldest = clock.now().replace(year=1990)

    def read_source(path: str) -> str:
        return _SOURCE if path == "cogs/dice.py" else ""

    def read(data: bytes) -> None:
        capsule = build_json_case(data, SEEDS)
        line = (
            json.dumps({**RECORD, "error": None})
            .encode()
            .replace(b'"error": null', b'"error": ' + capsule)
        )
        action = reader.read(line, now=clock.now().replace(year=2030), oldest=oldest)
        if action is None or action.error is None:
            return
        candidates = [*build_candidates(action.error, read=read_source)]
        command = build_command_candidate(action, read=read_source)
        for test in (*candidates, *([command] if command else ())):
            ast.parse(test.source)

    return read
