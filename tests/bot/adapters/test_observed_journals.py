"""Theseus reads what `theseus_observe` writes about another bot."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from theseus_observe.folder_sink import FolderSink
from theseus_observe.hook_runner import HookRunner
from theseus_observe.outbox import Outbox
from theseus_observe.places import Place
from theseus_observe.recorder import Failure, Recorder
from theseus_observe.records import COMMAND, ERROR, OK, PRIVATE, TEAM
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.domain.journal import ActionOutcome, JournalQuery

NOW = datetime.now(UTC)
TYPED = "Zanzibar"
PLACE = Place(guild_id=9, channel_id=8, user_id=7, shard=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that a foreign bot has written: one good command, and three failures."""
    root = tmp_path / "their-bot"
    root.mkdir()
    source = root / "dice.py"
    source.write_text("def roll(sides):\n    return 6 / sides\n\ndef name(text):\n    int(text)\n")
    names: dict[str, object] = {}
    exec(compile(source.read_text(), str(source), "exec"), names)  # noqa: S102
    folder = root / "theseus-journal"
    runner = HookRunner()
    sink = FolderSink(folder, runner.tell, most_bytes=1_000_000, keep_days=30)
    outbox = Outbox(sink, runner)
    recorder = Recorder(outbox, root, b"s" * 32, "c0ffee" * 6 + "abcd")
    recorder.record(COMMAND, "roll", OK, place=PLACE, duration_ms=1.5)
    for function, value, audience in (
        ("roll", 0, TEAM),
        ("roll", 0, TEAM),
        ("name", TYPED, PRIVATE),
    ):
        try:
            names[function](value)  # type: ignore[operator]
        except (ZeroDivisionError, ValueError) as error:
            failure = Failure(error, audience=audience, inputs={"value": value})
            recorder.record(COMMAND, function, ERROR, place=PLACE, failure=failure)
    outbox.close()
    assert (runner.errors, outbox.written) == (0, 4)
    return folder


async def test_records_and_failures_of_a_foreign_bot_can_be_queried(
    folder: Path, tmp_path: Path
) -> None:
    async with NdjsonJournal(tmp_path / "state", redact=redact, folder=folder) as journal:
        good, *failed = await journal.read(JournalQuery())
        groups = await journal.list_failures(since=NOW - timedelta(minutes=1))
        damaged = await journal.find_damage()
    assert damaged == ()
    assert (good.event, good.outcome, good.shard) == ("command.roll", ActionOutcome.OK, 1)
    assert (good.guild_id, good.channel_id, good.duration_ms) == (9, 8, 1.5)
    assert good.user is not None
    assert good.user.startswith("u-")
    assert good.commit == "c0ffee" * 6 + "abcd"
    assert len(failed) == 3
    counts = {group.event: group.count for group in groups}
    assert counts == {"command.roll": 2, "command.name": 1}
    rolled = next(group.newest for group in groups if group.event == "command.roll")
    assert rolled.error is not None
    assert rolled.error.innermost is not None
    assert (rolled.error.innermost.file, rolled.error.innermost.line) == ("dice.py", 2)
    assert rolled.error.innermost.arguments == {"sides": "0"}
    assert not rolled.error.holds_stand_ins
    named = next(group.newest for group in groups if group.event == "command.name")
    assert named.error is not None
    assert named.error.holds_stand_ins
    assert TYPED not in named.model_dump_json()
