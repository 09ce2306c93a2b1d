"""Texts about how far a change is proven."""

from theseus_guard.records import FileChange

from bot.domain.change import ChangeSet
from bot.proof import judge

DOUBT = "`area(4, 2)`: 8 with this, 16 with replace `height` by `width` (`cogs/area.py:3`)."


def test_what_an_engine_doubts_itself_is_said_and_stops_nothing() -> None:
    change = ChangeSet(
        base="0" * 40,
        head="1" * 40,
        branch="theseus/1-area",
        engine="offline",
        summary="multiply",
        files=(FileChange(path="cogs/area.py", status="modified", added=1, removed=1),),
        proven="tests",
        doubts=(DOUBT,),
    )
    proven, findings = judge(change, {}, {})

    assert proven == "tests"
    assert [(each.rule, each.blocking, each.summary) for each in findings] == [
        ("unproven", False, DOUBT)
    ]
