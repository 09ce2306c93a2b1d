"""Incidents after a person's data was erased."""

from datetime import UTC, datetime

from bot.domain.failure_report import FailureReport
from bot.domain.incident import Incident, Report
from bot.domain.people import Person, Place
from bot.domain.personal_data import DataSubject
from bot.monitoring.incident_repository import IncidentRepository
from tests.bot.monitoring.test_storms_and_quiet_hours import SEEN
from tests.fakes.fake_key_value_store import FakeKeyValueStore

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
ADA = DataSubject(id=7, pseudonym="u-ada")
HERE = Place(channel_id=1)


async def test_their_reports_go_and_those_of_others_stay_after_a_restart_too() -> None:
    key_values = FakeKeyValueStore()
    incidents = IncidentRepository(key_values)
    reports = [Report(person=Person(id=n, name=f"p{n}"), text="it fails", at=AT) for n in (7, 8, 7)]
    incidents.put(
        Incident(
            id="i1", event="command.roll", title="/roll fails", anomalies=(SEEN,),
            opened_at=AT, last_at=AT, reports=tuple(reports), affected=("u-ada", "u-bob"),
        )
    )  # fmt: skip
    assert await incidents.count_records(ADA) == 2
    same, other = (
        FailureReport(fingerprint=each, event=f"command.{each}", person_id=7, place=HERE, at=AT)
        for each in ("roll", "poll")
    )
    assert incidents.has_report(ADA, same)  # or it would be counted once more
    assert not incidents.has_report(ADA, other)
    assert not incidents.has_report(DataSubject(id=9, pseudonym="u-eve"), same)
    assert await incidents.erase(ADA) == 2
    again = IncidentRepository(key_values)
    await again.load()
    (left,) = again.incidents
    assert left.reports == (reports[1],)
    assert left.affected == ("u-bob",)
    assert await again.erase(ADA) == 0
