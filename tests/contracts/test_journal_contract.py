"""What every journal promises, on the fake and on the files."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.ndjson_journal import NdjsonJournal, ObservedFolder, ObservedJournal
from bot.adapters.ndjson_journal._files import DayFiles
from bot.adapters.ndjson_journal._line import Lines
from bot.domain.ids import create_sortable_id, shorten_id
from bot.domain.journal import Action, ActionOutcome, Capsule, Frame, JournalQuery, Kind
from bot.domain.personal_data import DataSubject
from bot.domain.samples import parse_sample
from bot.ports.journal import Journal
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

NOW = datetime(2026, 11, 21, 23, 59, 58, 123456, tzinfo=UTC)


def an_action(
    name: str = "roll", *, after: float = 0, fingerprint: str | None = None, channel: int = 42
) -> Action:
    """Return a record `after` seconds from NOW; with a fingerprint it is a failure."""
    at = NOW + timedelta(seconds=after)
    error = None
    if fingerprint is not None:
        frame = Frame(
            file="cogs/dice.py",
            line=41,
            function="face",
            module="cogs.dice",
            arguments={"sides": "6", "name": "'it\\'s \u2028'"},
            opaque=("self",),
        )
        error = Capsule(
            exception="IndexError",
            message="list index out of range\n\x00\u2028☂",
            fingerprint=fingerprint,
            frames=(frame,),
            inputs={"dice": "'2d6'"},
        )
    return Action(
        ts=at,
        id=create_sortable_id(at),
        event=f"command.{name}",
        kind=Kind.COMMAND,
        name=name,
        outcome=ActionOutcome.ERROR if error else ActionOutcome.OK,
        duration_ms=1.5,
        guild_id=2**62,
        channel_id=channel,
        user="u-0123456789ab",
        commit="abc1234",
        error=error,
    )


def of(user: str, after: float, **about: object) -> Action:
    """Return a failure of that person."""
    return an_action(after=after, fingerprint="f1").replace(user=user, **about)


class FolderJournal(ObservedJournal):
    """A journal whose records another program writes into a folder."""

    def __init__(self, state: Path, folder: Path) -> None:
        self._observed = folder
        clock = FakeClock(NOW + timedelta(hours=60))
        super().__init__(state, clock, redact=str, keep_days=30, folder=ObservedFolder(folder))

    def append(self, action: Action) -> None:
        """Write the record as the other program."""
        self._observed.mkdir(exist_ok=True)
        with (self._observed / f"{action.ts.date()}.ndjson").open("ab") as file:
            file.write(Lines(str).format_line(action))


class SharedJournal(NdjsonJournal):
    """A journal that two machines write in turn, as after many takeovers, and this one reads."""

    def __init__(self, state: Path, folder: Path) -> None:
        super().__init__(state, redact=str, folder=folder, writer="b0")
        self._other = DayFiles(folder, "a1")
        self._is_others_turn = False

    def append(self, action: Action) -> None:
        """Write the record as the machine whose turn it is; a failure ends the turn."""
        if self._is_others_turn:
            day = action.ts.date().isoformat()
            self._other.append(day, Lines(str).format_line(action))
            self._other.close()
        else:
            super().append(action)
        self._is_others_turn ^= action.error is not None


@pytest.fixture(params=["fake", "ndjson", "shared", "observed"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    """Return an empty journal."""
    if request.param == "fake":
        yield FakeJournal()
    elif request.param == "ndjson":
        async with NdjsonJournal(tmp_path / "state", redact=str) as real:
            yield real
    elif request.param == "shared":
        async with SharedJournal(tmp_path / "state", tmp_path / "shared") as shared:
            yield shared
    else:
        async with FolderJournal(tmp_path / "state", tmp_path / "folder") as observed:
            yield observed


@pytest.fixture(params=["fake", "ndjson", "shared"])
async def own_journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    """Return an empty journal of Theseus itself, whose records have more fields."""
    if request.param == "fake":
        yield FakeJournal()
        return
    if request.param == "shared":
        async with SharedJournal(tmp_path / "state", tmp_path / "shared") as shared:
            yield shared
        return
    async with NdjsonJournal(tmp_path / "state", redact=str) as real:
        yield real


def recorded(journal: Journal, *actions: Action) -> Sequence[Action]:
    """Append the actions and return them."""
    for action in actions:
        journal.append(action)
    return actions


async def test_a_record_reads_back_as_it_was_written(journal: Journal) -> None:
    failed = an_action(after=0.000001, fingerprint="f00d")
    written = recorded(journal, an_action(), failed)
    assert list(await journal.read(JournalQuery())) == list(written)
    samples = await journal.list_samples(since=NOW, until=NOW + timedelta(seconds=1))
    assert [sample.id for sample in samples] == [each.id for each in written]


async def test_flags_of_a_record_read_back(own_journal: Journal) -> None:
    written = recorded(own_journal, an_action().replace(flags={"coinflip": True, "cards": False}))
    assert list(await own_journal.read(JournalQuery())) == list(written)


async def test_records_read_oldest_first_across_days(journal: Journal) -> None:
    written = recorded(journal, *(an_action(str(hour), after=3600 * hour) for hour in range(50)))
    assert list(await journal.read(JournalQuery())) == list(written)


async def test_a_record_that_came_late_stands_at_its_time(journal: Journal) -> None:
    later, earlier = recorded(journal, an_action(after=5), an_action(after=-5))
    assert list(await journal.read(JournalQuery())) == [earlier, later]


async def test_records_of_the_same_time_keep_their_order(journal: Journal) -> None:
    written = recorded(journal, *(an_action(str(number)) for number in range(10)))
    assert list(await journal.read(JournalQuery())) == list(written)


async def test_with_more_than_the_limit_the_newest_are_returned(journal: Journal) -> None:
    written = recorded(journal, *(an_action(after=second) for second in range(5)))
    assert list(await journal.read(JournalQuery(limit=2))) == list(written[-2:])


async def test_every_condition_of_a_query_holds(journal: Journal) -> None:
    roll, poll, failed = recorded(
        journal,
        an_action("roll", after=0),
        an_action("poll", after=1, channel=43),
        an_action("roll", after=2, fingerprint="f00d"),
    )

    async def read(query: JournalQuery) -> list[Action]:
        return list(await journal.read(query))

    assert await read(JournalQuery(event="command.roll")) == [roll, failed]
    assert await read(JournalQuery(fingerprint="f00d")) == [failed]
    assert await read(JournalQuery(outcome=ActionOutcome.OK)) == [roll, poll]
    assert await read(JournalQuery(failed=True)) == [failed]
    assert await read(JournalQuery(kind=Kind.COMMAND, failed=True)) == [failed]
    assert await read(JournalQuery(kind=Kind.TASK)) == []
    assert await read(JournalQuery(channel_id=43)) == [poll]
    assert await read(JournalQuery(since=poll.ts)) == [poll, failed]
    assert await read(JournalQuery(until=poll.ts)) == [roll, poll]
    assert await read(JournalQuery(event="command.roll", since=poll.ts)) == [failed]
    assert await read(JournalQuery(event="command.roll", channel_id=43)) == []
    assert await read(JournalQuery(since=NOW.replace(tzinfo=None))) == [roll, poll, failed]


async def test_a_record_is_found_by_its_full_and_its_short_id(journal: Journal) -> None:
    action, _ = recorded(journal, an_action(fingerprint="f00d"), an_action(after=1))
    assert await journal.get(action.id) == action
    assert await journal.get(shorten_id(action.id)) == action
    assert await journal.get(f" {shorten_id(action.id).upper()} ") == action
    assert await journal.get("nothing!") is None
    assert await journal.get("") is None


async def test_failures_are_grouped_the_most_recent_group_first(journal: Journal) -> None:
    written = recorded(
        journal,
        an_action(after=0, fingerprint="old"),
        an_action(after=1, fingerprint="f00d"),
        an_action(after=2, fingerprint="beef"),
        an_action(after=3, fingerprint="f00d"),
        an_action(after=4),
    )
    first, second = await journal.list_failures(since=written[1].ts)
    assert (first.fingerprint, first.count, first.event) == ("f00d", 2, "command.roll")
    assert (first.first_seen, first.last_seen) == (written[1].ts, written[3].ts)
    assert first.newest == written[3]
    assert first.action_ids == (written[3].id, written[1].id)
    assert (second.fingerprint, second.count) == ("beef", 1)
    assert len(await journal.list_failures(since=written[0].ts, limit=1)) == 1


async def test_a_group_names_its_twenty_newest_records(journal: Journal) -> None:
    written = recorded(journal, *(an_action(after=n, fingerprint="f00d") for n in range(30)))
    (group,) = await journal.list_failures(since=NOW)
    assert group.count == 30
    assert list(group.action_ids) == [action.id for action in reversed(written)][:20]


async def test_following_begins_now_and_gives_what_came_since_in_the_order_written(
    journal: Journal,
) -> None:
    recorded(journal, an_action("before"))
    start = await journal.follow(None)
    assert start.samples == ()
    assert (await journal.follow(start.cursor)).samples == ()
    later, earlier, failed = recorded(
        journal,
        an_action("later", after=1),
        an_action("earlier", after=-5),
        an_action("roll", after=1.5, fingerprint="f00d"),
    )
    news = await journal.follow(start.cursor)
    assert [sample.id for sample in news.samples] == [later.id, earlier.id, failed.id]
    assert [sample.fingerprint for sample in news.samples] == [None, None, "f00d"]
    assert news.samples[0].when == later.ts
    assert (await journal.follow(news.cursor)).samples == ()


async def test_following_gives_at_most_what_is_asked_for_and_goes_on_there(
    journal: Journal,
) -> None:
    cursor = (await journal.follow(None)).cursor
    written = recorded(journal, *(an_action(after=3600 * hour) for hour in range(50)))
    seen: list[str] = []
    while True:
        news = await journal.follow(cursor, limit=7)
        assert len(news.samples) <= 7
        if not news.samples:
            break
        seen += [sample.id for sample in news.samples]
        cursor = news.cursor
    assert seen == [action.id for action in written]


async def test_a_sample_says_of_a_record_what_judging_needs(own_journal: Journal) -> None:
    cursor = (await own_journal.follow(None)).cursor
    plain = an_action().replace(duration_ms=None, user=None, commit=None)
    own = an_action().replace(run_id="k7m2xq")
    model = an_action().replace(kind=Kind.MODEL)
    odd = an_action('☂ "quoted"').replace(duration_ms=1e-7)
    written = recorded(
        own_journal, an_action(), plain, own, model, odd, an_action(fingerprint="f00d")
    )
    samples = (await own_journal.follow(cursor)).samples
    assert samples == tuple(parse_sample(action.model_dump(mode="json")) for action in written)
    assert [sample.own for sample in samples] == [False, False, True, True, False, False]


async def test_samples_of_a_time_are_in_its_order_both_ends_included(journal: Journal) -> None:
    late, first, other, last, _ = recorded(
        journal,
        an_action(after=8),
        an_action(after=0),
        an_action("poll", after=4),
        an_action(after=9, fingerprint="f00d"),
        an_action(after=9.000001),
    )
    found = await journal.list_samples(since=first.ts, until=last.ts)
    assert [sample.id for sample in found] == [first.id, other.id, late.id, last.id]
    rolls = await journal.list_samples(since=first.ts, until=last.ts, event="command.roll")
    assert [sample.id for sample in rolls] == [first.id, late.id, last.id]
    assert await journal.list_samples(since=NOW + timedelta(days=1), until=NOW) == []


async def test_whole_days_are_forgotten_and_later_ones_stay(journal: Journal) -> None:
    day = 86_400
    _, _, kept = recorded(
        journal,
        an_action(after=-2 * day, fingerprint="f" * 12),
        an_action(after=-day),
        an_action(),
    )
    assert await journal.read(JournalQuery()) != [kept]
    assert await journal.forget(NOW.date()) == 2
    assert await journal.read(JournalQuery()) == [kept]
    assert await journal.list_failures(since=NOW - timedelta(days=9)) == []
    assert await journal.forget(NOW.date()) == 0
    (later,) = recorded(journal, an_action(after=0.5))
    assert await journal.read(JournalQuery()) == [kept, later]


async def test_a_persons_records_are_erased_and_nobody_elses(own_journal: Journal) -> None:
    ada, bob = DataSubject(id=4711_0000_0000, pseudonym="u-ada"), "u-bob"
    named = an_action("poll", after=-3).replace(agent="asked by 471100000000")
    records = [of("u-ada", -5), of(bob, -4), named, of("u-ada", -2), of(bob, -1)]
    for each in records[:4]:
        own_journal.append(each)
    cursor = (await own_journal.follow(None)).cursor
    before = await own_journal.follow("0" if isinstance(own_journal, FakeJournal) else "-")
    assert len(before.samples) == 4
    own_journal.append(records[4])
    assert list(await own_journal.list_record_ids(ada)) == [records[0].id, named.id, records[3].id]
    assert await own_journal.erase(ada) == 3
    assert list(await own_journal.list_record_ids(ada)) == []
    assert list(await own_journal.read(JournalQuery())) == [records[1], records[4]]
    assert [await own_journal.get(each.id) for each in (records[0], named, records[3])] == [
        None
    ] * 3
    (group,) = await own_journal.list_failures(since=NOW - timedelta(minutes=1))
    assert (group.count, group.newest) == (2, records[4])
    assert [each.id for each in (await own_journal.follow(cursor)).samples] == [records[4].id]
    samples = await own_journal.list_samples(since=NOW - timedelta(minutes=1), until=NOW)
    assert [each.id for each in samples] == [records[1].id, records[4].id]
    assert await own_journal.erase(ada) == 0


async def test_actions_are_counted_by_time_and_kind(journal: Journal) -> None:
    for after, print_ in ((0, None), (1, "f1"), (3600, None), (90_000, None)):
        journal.append(an_action(after=after, fingerprint=print_))
    tick = an_action(after=2).replace(event="task.tick", kind=Kind.TASK, name="tick")
    journal.append(tick.replace(outcome=ActionOutcome.TIMEOUT))
    another = tick.replace(id=an_action(after=2).id)
    journal.append(another.replace(outcome=ActionOutcome.CANCELLED))
    found = await journal.count_actions(
        since=NOW, until=NOW + timedelta(seconds=3600), seconds=3600
    )
    hour = NOW.replace(minute=0, second=0, microsecond=0).timestamp()
    # Half of what was written is in the next hour, and day, already.
    assert [tuple(each) for each in found] == [
        (hour, "command", 2, 1),
        (hour + 3600, "command", 1, 0),
        (hour + 3600, "task", 2, 1),
    ]
    assert await journal.count_actions(since=NOW, until=NOW, seconds=60) == [
        (NOW.replace(second=0, microsecond=0).timestamp(), "command", 1, 0)
    ]
