"""What every recorder of actions keeps to."""

from pathlib import Path

import pytest

from bot.domain.errors import JournalError
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.ports.recorder import ActionRecorder
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal


class FullJournal(FakeJournal):
    """A journal that takes nothing more."""

    def append(self, action: Action) -> None:
        raise JournalError("no space left")


def recorder(journal: FakeJournal) -> ActionRecorder:
    return Recorder(journal, FakeClock(), Path(__file__).parent, b"s" * 32, lambda: None)


def test_a_record_has_an_id_of_its_own_and_is_kept() -> None:
    journal = FakeJournal()
    first = recorder(journal).record(Kind.RUN, "stopped", ActionOutcome.OK, user_id=7)
    second = recorder(journal).record(Kind.RUN, "stopped", ActionOutcome.OK, user_id=7)
    assert first.id != second.id
    assert [each.id for each in journal.actions] == [first.id, second.id]


def test_what_cannot_be_kept_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    action = recorder(FullJournal()).record(Kind.RUN, "stopped", ActionOutcome.OK)
    assert action.event == "run.stopped"
    assert "no space left" in caplog.text
