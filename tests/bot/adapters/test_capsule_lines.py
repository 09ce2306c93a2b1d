"""The attribution of a failure survives the journal's line format."""

import json
from datetime import UTC, datetime

from bot.adapters.ndjson_journal._line import Lines, parse
from bot.domain.journal import Action, ActionOutcome, Capsule, Kind

PLAIN = Capsule(exception="IndexError", message="list index out of range", fingerprint="f" * 12)
FULL = PLAIN.replace(
    exception="discord.errors.DiscordServerError",
    kinds=("discord.errors.HTTPException",),
    causes=("discord.app_commands.errors.CommandInvokeError",),
    libraries=("discord.abc", "discord.http"),
    status=503,
    code="ECONNRESET",
    deliberate=True,
    children=(PLAIN, PLAIN.replace(fingerprint="e" * 12, kinds=("LookupError",))),
)


def action(capsule: Capsule) -> Action:
    """Return a failure."""
    return Action(
        ts=datetime(2026, 11, 21, tzinfo=UTC),
        id="0" * 26,
        event="command.roll",
        kind=Kind.COMMAND,
        name="roll",
        outcome=ActionOutcome.ERROR,
        error=capsule,
    )


def test_all_of_it_comes_back_and_nothing_is_written_of_what_is_not_known() -> None:
    lines = Lines(str)
    for capsule in (PLAIN, FULL):
        assert parse(lines.format_line(action(capsule))).error == capsule
    written = json.loads(lines.format_line(action(PLAIN)))["error"]
    assert set(written) == {"exception", "message", "fingerprint", "frames", "inputs"}


def test_records_of_older_and_newer_versions_are_read() -> None:
    line = json.loads(Lines(str).format_line(action(PLAIN)))
    line["error"]["from_the_future"] = line["from_the_future"] = 1
    assert parse(json.dumps(line).encode()).error == PLAIN
    line["error"]["children"] = [dict(line["error"])]
    assert parse(json.dumps(line).encode()).error == PLAIN.replace(children=(PLAIN,))
