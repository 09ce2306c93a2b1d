"""Lines of the journal: our own after a crash, and those that other bots send."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal._line import Lines, parse
from bot.adapters.ndjson_journal._observed_records import RecordReader
from tests.fakes.fake_clock import FakeClock
from tests.fuzz.judge import Case
from tests.fuzz.variation import build_json_case

CAPSULE: dict[str, Any] = {
    "exception": "IndexError", "message": "list index out of range", "fingerprint": "f1a2b3",
    "frames": [{"file": "cogs/dice.py", "line": 11, "function": "Dice.roll", "module": "cogs.dice",
                "arguments": {"dice": "'4d0'", "sides": "0"}, "opaque": ["self"]}],
    "inputs": {"dice": "'4d0'"}, "kinds": ["LookupError"], "causes": ["KeyError"],
    "libraries": ["discord"], "status": 404, "code": "10008", "deliberate": False,
    "audience": "team",
    "children": [{"exception": "ValueError", "message": "no", "fingerprint": "c1", "frames": []}],
}  # fmt: skip
RECORD: dict[str, Any] = {
    "ts": "2026-11-26T20:00:00.000000Z", "id": "01hzx3k5v8f4q2m7n9p1r6s0tw",
    "event": "command.roll", "kind": "command", "name": "roll", "outcome": "error",
    "duration_ms": 12.5, "guild_id": 42, "channel_id": 43, "user": "u-1a2b3c", "shard": 0,
    "commit": "a" * 40, "error": CAPSULE, "flags": {"coinflip": True},
    "request": {"way": "command", "text": "roll", "values": {"dice": "'4d0'"}, "roles": ["Staff"],
                "chosen": ["a"], "prefix": "!", "focused": "dice", "permissions": ["send_messages"]},
}  # fmt: skip
SEEDS = (
    RECORD,
    {key: RECORD[key] for key in ("ts", "id", "event", "kind", "name", "outcome")},
    {**RECORD, "guild_id": None, "error": {**CAPSULE, "audience": None}},
)


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a line that can be read is written again, and read as the same record."""
    clock, reader, lines = FakeClock(), RecordReader(redact), Lines(redact)
    oldest = clock.now().replace(year=1990)

    def read(data: bytes) -> None:
        line = build_json_case(data, SEEDS).replace(b"\n", b" ")
        observed = reader.read(line, now=clock.now().replace(year=2030), oldest=oldest)
        if observed is not None:
            parse(lines.format_line(observed))
        try:
            action = parse(line)
        except ValueError:
            return  # what readers of the journal expect of a torn line
        again = lines.format_line(action)
        if lines.format_line(parse(again)) != again:
            raise AssertionError(f"a record changes each time it is stored: {again[:200]!r}")

    return read
