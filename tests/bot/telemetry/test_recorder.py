"""The recorder converts events to journal records."""

import ast
import asyncio
import logging
from pathlib import Path

import pytest
from theseus_observe.failures.endings import EndedByCode
from theseus_observe.pseudonyms import build_pseudonym
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.domain.errors import JournalError
from bot.domain.journal import Action, ActionOutcome, JournalQuery, Kind
from bot.telemetry.recorder import Recorder, get_outcome
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.fake_journal import FakeJournal

SECRET = b"s" * 32


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def journal() -> FakeJournal:
    """Return an empty journal."""
    return FakeJournal()


@pytest.fixture
def recorder(journal: FakeJournal, clock: FakeClock) -> Recorder:
    """Return a recorder for this project."""
    return Recorder(journal, clock, Path(__file__).parents[3], SECRET, lambda: "abc1234")


def test_a_record_says_what_is_known(recorder: Recorder, journal: FakeJournal) -> None:
    action = recorder.record(
        Kind.COMMAND, "roll", ActionOutcome.OK, duration_ms=2.5, user_id=7, channel_id=8, guild_id=9
    )
    assert journal.actions == [action]
    assert (action.ts, action.event, action.commit) == (START, "command.roll", "abc1234")
    assert (action.user, action.channel_id, action.guild_id) == (build_pseudonym(7, SECRET), 8, 9)
    assert action.error is None


def test_what_goes_well_is_timed(
    recorder: Recorder, journal: FakeJournal, clock: FakeClock
) -> None:
    with recorder.measure(Kind.FORGE, "merge", run_id="abc123") as timed:
        clock.tick(1.5)
        timed.note(cost_usd=0.25, tokens_in=10)
    (action,) = journal.actions
    assert timed.action == action
    assert (action.outcome, action.duration_ms, action.run_id) == (ActionOutcome.OK, 1500, "abc123")
    assert (action.cost_usd, action.tokens_in) == (0.25, 10)


def test_an_error_is_recorded_with_its_capsule_and_passes(
    recorder: Recorder, journal: FakeJournal
) -> None:
    with (
        pytest.raises(IndexError),
        recorder.measure(Kind.COMMAND, "roll", inputs={"dice": "2d6", "who": object()}),
    ):
        [].pop()
    (action,) = journal.actions
    assert action.outcome is ActionOutcome.ERROR
    assert action.error is not None
    assert action.error.exception == "IndexError"
    assert action.error.inputs == {"dice": "'2d6'"}
    assert action.error.innermost is not None
    assert action.error.innermost.file == "tests/bot/telemetry/test_recorder.py"


def test_an_error_somebody_else_answers_counts_too(
    recorder: Recorder, journal: FakeJournal
) -> None:
    with recorder.measure(Kind.COMMAND, "roll") as timed:
        timed.note(error=ValueError("answered already"))
    assert journal.actions[0].outcome is ActionOutcome.ERROR


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, ActionOutcome.OK),
        (ValueError(), ActionOutcome.ERROR),
        (TimeoutError(), ActionOutcome.TIMEOUT),
        (ExceptionGroup("g", [TimeoutError()]), ActionOutcome.TIMEOUT),
        (asyncio.CancelledError(), ActionOutcome.CANCELLED),
        (KeyboardInterrupt(), ActionOutcome.ERROR),
        (SystemExit(3), ActionOutcome.ERROR),
        (GeneratorExit(), ActionOutcome.ERROR),
        (EndedByCode(asyncio.CancelledError()), ActionOutcome.ERROR),
    ],
)
def test_how_it_ended_follows_from_the_error(
    error: BaseException | None, outcome: ActionOutcome
) -> None:
    assert get_outcome(error) is outcome


async def test_a_cancellation_is_recorded_without_a_capsule(
    recorder: Recorder, journal: FakeJournal, clock: FakeClock
) -> None:
    async def work() -> None:
        with recorder.measure(Kind.TASK, "sweep"):
            await clock.sleep(60)

    working = asyncio.ensure_future(work())
    await clock.wait_until_asleep()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert (journal.actions[0].outcome, journal.actions[0].error) == (ActionOutcome.CANCELLED, None)


def log_in(user: str, password: str, headers: dict[str, str]) -> None:
    """Fail with everything in reach."""
    raise PermissionError(f"{user} may not log in with password={password}")


async def test_secrets_do_not_reach_the_file_and_the_rest_stays_literal(
    clock: FakeClock, tmp_path: Path
) -> None:
    async with NdjsonJournal(tmp_path, redact=redact) as journal:
        recorder = Recorder(journal, clock, Path(__file__).parents[3], SECRET, lambda: None)
        with (
            pytest.raises(PermissionError),
            recorder.measure(Kind.TASK, "log in", inputs={"text": "my password: Xy7-hunter2!"}),
        ):
            log_in("Ada", "Xy7-hunter2!", {"Authorization": "Bearer Xy7-hunter2!", "n": "1"})
        (action,) = await journal.read(JournalQuery())
    assert "hunter2" not in (tmp_path / "journal" / "2026-11-21.ndjson").read_text()
    assert action.error is not None
    inner = action.error.innermost
    assert inner is not None
    assert inner.arguments["user"] == "'Ada'"
    assert inner.opaque == ("password",)
    for source in (*inner.arguments.values(), *action.error.inputs.values()):
        ast.literal_eval(source)


def test_a_journal_that_fails_fails_nothing_else(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk(FakeJournal):
        def append(self, action: Action) -> None:
            raise JournalError("no space left")

    recorder = Recorder(FullDisk(), clock, Path.cwd(), SECRET, lambda: None)
    with caplog.at_level(logging.ERROR), recorder.measure(Kind.TASK, "sweep") as timed:
        pass
    assert timed.action is not None
    assert "task.sweep" in caplog.text
