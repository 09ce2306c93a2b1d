"""The journal's files and index: damage, restarts, redaction, and what a killed process leaves."""

import ast
import asyncio
import json
import re
import signal
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.ndjson_journal._files import list_sizes
from bot.adapters.ndjson_journal._line import Lines, parse
from bot.domain.errors import ConfigError, JournalError
from bot.domain.journal import Action, Capsule, Frame, JournalQuery
from tests.contracts.test_journal_contract import NOW, an_action

ALL = JournalQuery(limit=100_000)
TODAY = "2026-11-21.ndjson"


def a_journal(state: Path) -> NdjsonJournal:
    """Return a journal that redacts the text hunter2 and values after `token=`."""
    return NdjsonJournal(
        state, redact=lambda text: re.sub(r"token=\S+", "token=[x]", text).replace("hunter2", "[x]")
    )


async def test_files_are_named_by_the_utc_day_of_the_record(tmp_path: Path) -> None:
    at = datetime(2026, 11, 22, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    async with a_journal(tmp_path) as journal:
        journal.append(an_action().replace(ts=at))
        journal.append(an_action(after=10))
        assert [action.ts for action in await journal.read(ALL)] == [
            at,
            NOW + timedelta(seconds=10),
        ]
    assert list(list_sizes(tmp_path / "journal")) == [TODAY, "2026-11-22.ndjson"]
    (line,) = (tmp_path / "journal" / TODAY).read_text().splitlines()
    assert json.loads(line)["ts"] == "2026-11-21T23:00:00.000000Z"


async def test_a_line_holds_every_field_of_the_record_but_flags_and_requests_that_are_not_there(
    tmp_path: Path,
) -> None:
    async with a_journal(tmp_path) as journal:
        journal.append(an_action())
        fields = json.loads((tmp_path / "journal" / TODAY).read_bytes())
    assert list(fields) == [
        name for name in Action.model_fields if name not in ("flags", "request")
    ]


async def test_a_record_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    async with a_journal(tmp_path) as journal:
        for number in range(5):
            journal.append(an_action())
            assert (tmp_path / "journal" / TODAY).read_bytes().count(b"\n") == number + 1


async def test_an_observer_receives_a_record_once_it_is_written(tmp_path: Path) -> None:
    observed: list[tuple[Action, int]] = []

    def observe(action: Action) -> None:
        lines = (tmp_path / "journal" / TODAY).read_bytes().count(b"\n")
        observed.append((action, lines))

    async with NdjsonJournal(tmp_path, redact=str, on_record=observe) as journal:
        first, second = an_action(), an_action()
        journal.append(first)
        journal.append(second)
    assert observed == [(first, 1), (second, 2)]


async def test_secrets_never_reach_the_file(tmp_path: Path) -> None:
    frame = Frame(
        file="a.py",
        line=1,
        function="f",
        arguments={"good": "'hunter2'", "cut": "['token=abc']", "plain": "1"},
        opaque=("self",),
    )
    capsule = Capsule(
        exception="ValueError",
        message="password hunter2",
        fingerprint="f00d",
        frames=(frame,),
        inputs={"text": "'say hunter2'", "cut": "'token=abc'"},
    )
    action = an_action("hunter2").replace(error=capsule, agent="hunter2")
    async with a_journal(tmp_path) as journal:
        journal.append(action)
        (stored,) = await journal.read(ALL)
    text = (tmp_path / "journal" / TODAY).read_text()
    assert "hunter2" not in text
    assert "abc']" not in text
    assert stored.error is not None
    assert stored.error.innermost is not None
    assert stored.error.innermost.arguments == {"good": "'[x]'", "plain": "1"}
    assert stored.error.innermost.opaque == ("self", "cut")
    assert all(ast.literal_eval(source) for source in stored.error.inputs.values())


async def test_a_torn_last_line_is_reported_and_spoils_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_journal(tmp_path) as journal:
        journal.append(an_action("before"))
    file = tmp_path / "journal" / TODAY
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"ts": "2026-11-21T23:59')
    async with a_journal(tmp_path) as journal:
        (torn,) = await journal.find_damage()
        assert (torn.file, torn.start, torn.length) == (TODAY, len(whole), 24)
        journal.append(an_action("after", after=1))
        assert [action.name for action in await journal.read(ALL)] == ["before", "after"]
        assert await journal.find_damage() == (torn,)
    assert f"{TODAY}: 24 bytes at {len(whole)}" in caplog.text


async def test_a_whole_record_that_lost_only_its_newline_counts(tmp_path: Path) -> None:
    async with a_journal(tmp_path) as journal:
        journal.append(an_action("before"))
    file = tmp_path / "journal" / TODAY
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    (tmp_path / "journal.sqlite3").unlink()
    async with a_journal(tmp_path) as journal:
        assert [action.name for action in await journal.read(ALL)] == ["before"]
        journal.append(an_action("after", after=1))
        assert [action.name for action in await journal.read(ALL)] == ["before", "after"]
        assert await journal.find_damage() == ()


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[1]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": "\\ud800", "ts": "2026-11-21T00:00:00Z", "event": "a", "outcome": "ok"}',
        b'{"id": "a", "ts": "2026-11-21T00:00:00Z", "event": "a", "outcome": "ok", "error": 5}',
        b'{"id": "a", "ts": 5, "event": "a", "outcome": "ok"}',
        b'{"id": "a", "ts": "2026-11-21T00:00:00Z", "event": "a", "outcome": ["ok"]}',
        b'{"id": "a", "ts": "2026-11-21T00:00:00Z", "event": "a", "outcome": "ok", "error": '
        b'{"fingerprint": {"a": 1}}}',
    ],
)
async def test_a_line_that_is_no_record_is_skipped(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / TODAY).write_bytes(line + b"\n")
    async with a_journal(tmp_path) as journal:
        journal.append(an_action())
        assert len(await journal.read(ALL)) == 1
        assert len(await journal.find_damage()) == 1


async def test_keys_of_other_versions_are_left_aside(tmp_path: Path) -> None:
    action = an_action(fingerprint="f00d")
    line = json.loads(Lines(str).format_line(action)) | {"mood": "sunny", "channel_id": 2**62}
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / TODAY).write_text(json.dumps(line) + "\n")
    async with a_journal(tmp_path) as journal:
        assert list(await journal.read(ALL)) == [action.replace(channel_id=2**62)]


async def test_the_index_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "journal" / TODAY
    async with a_journal(tmp_path) as journal:
        for number in range(50):
            journal.append(an_action(str(number)))
    size = file.stat().st_size
    # Were the file read again from its start, these lines would no longer be records.
    file.write_bytes(b"x" * (size - 1) + b"\n")
    async with a_journal(tmp_path) as journal:
        journal.append(an_action("new", after=1))
        assert [action.name for action in await journal.read(ALL)] == ["new"]
        assert await journal.find_damage() == ()


@pytest.mark.parametrize("harm", ["lost", "garbage", "damaged"])
async def test_the_index_is_made_again_from_the_files(tmp_path: Path, harm: str) -> None:
    written = [an_action(str(number), after=3600 * number) for number in range(30)]
    async with a_journal(tmp_path) as journal:
        for action in written:
            journal.append(action)
    index = tmp_path / "journal.sqlite3"
    if harm == "lost":
        index.unlink()
    elif harm == "garbage":
        index.write_bytes(b"garbage" * 1000)
    else:
        whole = index.read_bytes()
        index.write_bytes(whole[:8192] + b"x" * (len(whole) - 8192))
    async with a_journal(tmp_path) as journal:
        assert list(await journal.read(ALL)) == written


async def test_records_of_files_that_were_removed_or_cut_are_forgotten(tmp_path: Path) -> None:
    async with a_journal(tmp_path) as journal:
        journal.append(an_action("today"))
        journal.append(an_action("tomorrow", after=60))
        (tmp_path / "journal" / TODAY).unlink()
        assert [action.name for action in await journal.read(ALL)] == ["tomorrow"]
        journal.append(an_action("again"))
        assert [action.name for action in await journal.read(ALL)] == ["again", "tomorrow"]


async def test_the_index_follows_without_being_asked(tmp_path: Path) -> None:
    async with a_journal(tmp_path) as journal, a_journal(tmp_path) as other:
        await other.read(ALL)
        journal.append(an_action())
        async with asyncio.timeout(10):
            while not await other._index.read(  # noqa: ASYNC110  # another's view: no event
                lambda index: index.execute("SELECT count(*) FROM records").fetchone()[0]
            ):
                await asyncio.sleep(0.01)


async def test_lines_of_many_threads_never_mix(tmp_path: Path) -> None:
    async with a_journal(tmp_path) as journal, a_journal(tmp_path) as other:

        def write(to: NdjsonJournal) -> None:
            for number in range(100):
                to.append(an_action("x" * 500, after=number % 3))

        threads = [threading.Thread(target=write, args=(to,)) for to in (journal, other) * 2]
        for thread in threads:
            thread.start()
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
        assert len(await journal.read(ALL)) == 400
        assert await journal.find_damage() == ()


async def test_a_very_long_record_is_one_record(tmp_path: Path) -> None:
    action = an_action("n" * 9_000_000)
    async with a_journal(tmp_path) as journal:
        journal.append(action)
        journal.append(an_action("short", after=0.1))
        assert [len(found.name) for found in await journal.read(ALL)] == [9_000_000, 5]


async def test_a_journal_that_is_not_open_says_so(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    with pytest.raises(JournalError, match="not open"):
        journal.append(an_action())
    with pytest.raises(JournalError, match="not open"):
        await journal.read(ALL)


async def test_a_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="THESEUS_STATE"):
        await a_journal(tmp_path / "state").open()


async def test_a_day_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    async with a_journal(tmp_path) as journal:
        (tmp_path / "journal" / TODAY).mkdir(parents=True)
        with pytest.raises(JournalError, match=TODAY):
            journal.append(an_action())


_WRITER = """
import asyncio, sys
from pathlib import Path
from bot.adapters.ndjson_journal import NdjsonJournal
from tests.contracts.test_journal_contract import an_action

async def main():
    async with NdjsonJournal(Path(sys.argv[1]), redact=str) as journal:
        number = 0
        while True:
            for _ in range(20):
                number += 1
                journal.append(an_action(f"{sys.argv[2]}-{number}"))
                sys.stdout.write(f"{number}\\n")
                sys.stdout.flush()
            await asyncio.sleep(0)

asyncio.run(main())
"""


async def test_everything_a_killed_process_had_recorded_is_there(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    for turn in ("a", "b"):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WRITER, str(tmp_path), turn, cwd=root, stdout=-1
        )
        assert writer.stdout is not None
        async with asyncio.timeout(30):
            for _ in range(500):
                await writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        confirmed = 500 + (await writer.stdout.read()).count(b"\n")
        await writer.wait()
        async with a_journal(tmp_path) as journal:
            found = [a.name for a in await journal.read(ALL) if a.name.startswith(turn)]
            assert found[:confirmed] == [f"{turn}-{n + 1}" for n in range(confirmed)]
            assert len(await journal.find_damage()) <= 1


ANY_TEXT = st.text(
    alphabet=st.characters() | st.sampled_from("\n\r\x00\x85\u2028\u2029\ud800\udfff\"'\\"),
    max_size=200,
) | st.text(max_size=5).map(lambda text: text * 5000)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT, ANY_TEXT, st.floats())
def test_whatever_the_text_a_line_is_one_json_object(name: str, message: str, ms: float) -> None:
    capsule = Capsule(
        exception="ValueError",
        message=message,
        fingerprint="f00d",
        inputs={"text": ascii(message)},
        frames=(Frame(file="a.py", line=1, function="f", arguments={"x": ascii(name)}),),
    )
    line = Lines(str).format_line(an_action(name).replace(error=capsule, duration_ms=ms))
    assert line.count(b"\n") == 1
    assert line.decode("ascii").splitlines() == [line.decode("ascii").rstrip("\n")]
    json.loads(line, parse_constant=pytest.fail)
    action = parse(line)
    assert action.error is not None
    action.model_dump_json()
    assert ast.literal_eval(action.error.inputs["text"]) == message
