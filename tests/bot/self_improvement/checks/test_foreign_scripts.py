"""What people did with another bot is repeated as they did it, or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from theseus_guard.records import FileChange

from bot.domain.change import ChangeSet
from bot.domain.errors import StoreError
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome, Kind, Request
from bot.self_improvement.checks.foreign_scripts import ForeignScripts
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal

CLOCK = FakeClock()


def make_use(name: str, text: str, outcome: str = "ok", **request: Any) -> Action:
    CLOCK.tick(1)
    return Action(
        ts=CLOCK.now(), id=create_sortable_id(CLOCK.now()), event=f"command.{name}",
        kind=Kind.COMMAND, name=name, outcome=ActionOutcome(outcome),
        request=Request(way="typed", text=text, prefix="!", **request),
    )  # fmt: skip


def make_change(path: str, diff: str) -> ChangeSet:
    files = (FileChange(path=path, status="modified", added=1, removed=1),)
    return ChangeSet(
        base="a", head="b", branch="c", engine="d", summary="e", files=files, diff=diff
    )


async def list_said(change: ChangeSet) -> list[str]:
    uses = [
        make_use("bye", "!bye"),
        make_use("hi", "!hi ada"),
        make_use("hi", "!hi bob"),
        make_use("hi", "!hi carol", outcome="error"),
        make_use("tell", "", hidden=True),
    ]
    scripts = ForeignScripts(FakeJournal(uses), CLOCK, lookback=timedelta(days=1))
    return [each.steps[0].say for each in await scripts.list_for_change(change)]  # type: ignore[union-attr]


async def test_the_newest_use_of_each_command_is_repeated_that_the_change_names_first() -> None:
    assert await list_said(make_change("a.py", "+ def bye(): ...")) == ["!bye", "!hi bob"]
    assert await list_said(make_change("a.py", "+ x = 1")) == ["!hi bob", "!bye"]


async def test_a_change_of_no_program_repeats_nothing() -> None:
    assert await list_said(make_change("README.md", "+ hi")) == []


async def test_it_is_said_that_nothing_can_be_repeated() -> None:
    hidden = FakeJournal([make_use("tell", "", hidden=True)])
    scripts = ForeignScripts(hidden, CLOCK, lookback=timedelta(days=1))
    with pytest.raises(StoreError, match="no use of its commands is recorded"):
        await scripts.list_for_change(make_change("a.py", "+ x = 1"))
