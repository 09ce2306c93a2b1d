"""What a rule finds in the bot's own runs is an incident, once, until a person closes it."""

from datetime import timedelta
from pathlib import Path

from bot.domain.change import ChangeSet
from bot.domain.evidence import Diagnosis
from bot.domain.people import ITSELF, Place
from bot.domain.proposal import Proposal, Shipment
from bot.domain.run import Run, Status, Trigger
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import ALICE, DEV
from tests.support.monitoring_harness import MonitoringHarness

BASE, HEAD = "a" * 40, "b" * 40
DIFF = """\
--- a/cogs/dice.py
+++ b/cogs/dice.py
@@ -1 +1 @@
-{before}
+{after}
"""


def add_run(
    watched: MonitoringHarness, store: FakeStore, name: str, before: str, after: str
) -> None:
    """Store a run of the bot's own that changed a line and shipped."""
    now = watched.clock.now()
    trigger = Trigger(
        key=name, goal="fix", person=ITSELF, place=Place(channel_id=DEV), text="", at=now,
        origin="incident",
    )  # fmt: skip
    store.runs[name] = Run(
        id=name, goal="fix", trigger=trigger, status=Status.DONE, created_at=now, updated_at=now
    )
    diff = DIFF.format(before=before, after=after)
    store.records[name] = [
        Diagnosis(found=True, headline="", cause="", event="command.roll", file="cogs/dice.py"),
        ChangeSet(base=BASE, head=HEAD, branch="b", engine="offline", summary="", diff=diff),
        Proposal(run_id=name, number=1, url="", head=HEAD, base=BASE, branch="b", at=now),
        Shipment(run_id=name, approved_head=HEAD, merge_commit=HEAD, live_commit=HEAD, at=now),
    ]


async def test_changes_back_and_forth_are_told_once_start_nothing_and_need_a_person(
    tmp_path: Path,
) -> None:
    watched, store = MonitoringHarness(tmp_path), FakeStore()
    watched.world.store = store
    for number, (before, after) in enumerate([("a", "b"), ("b", "a"), ("a", "b")]):
        add_run(watched, store, f"run{number}", f"x = '{before}'", f"x = '{after}'")
        watched.clock.tick(timedelta(days=2).total_seconds())
    for attempt in range(2):
        async with watched.run_monitoring() as monitoring:
            await watched.pass_time(310)
            incident = watched.get_incident()
            assert incident.title == "I change one file back and forth"
            post = watched.get_post()
            assert "`run0`, `run1`, `run2`" in post.text
            assert [each.label for each in post.buttons] == ["Later", "Ignore", "Close"]
            assert incident.run_id is None
            assert "people decide" in incident.level
            if attempt == 0:
                continue
            await watched.pass_time(timedelta(days=2).total_seconds())
            assert watched.get_incident().open
            await monitoring.close(incident.id, ALICE)
            await watched.pass_time(310)
            assert not watched.get_incident().open
            add_run(watched, store, "run3", "x = 'b'", "x = 'a'")
            await watched.pass_time(310)
            assert [each.open for each in monitoring.list_incidents()] == [True, False]
