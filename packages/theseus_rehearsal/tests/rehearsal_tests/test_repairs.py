"""A repair without tests: a failing script has to pass, and other scripts must not change."""

from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import make_transcript
from rehearsal_tests.git_repository import commit
from rehearsal_tests.module_rehearsal import FILE, ModuleRehearsal
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.records import SayStep, Script
from theseus_rehearsal.repairs import RepairCase, ReplayRepair, repair_by_replays
from theseus_rehearsal.repairs.repair import CommitSource
from theseus_repair.clock import MachineClock
from theseus_repair.judged_search import JudgedLimits

SHOP = """
PRICES = {"tea": 3, "cake": 5}


def answer(name):
    return f"{name} costs {PRICES[name]}"
"""
# A fee that is due for more than three, and is taken for three already.
FEE = """
def answer(count):
    if int(count) >= 3:
        return "1 fee"
    return "no fee"
"""
OPENING = """
from datetime import datetime, timezone

OPENS = datetime(2020, 1, 1, tzinfo=timezone.utc)


def answer(name):
    return "open" if datetime.utcnow() > OPENS else "closed"
"""


def say(*texts: str) -> Script:
    return Script(steps=tuple(SayStep(say=text) for text in texts))


async def repair(
    folder: Path, text: str, case: RepairCase, candidates: int = 60
) -> tuple[ReplayRepair, ModuleRehearsal]:
    head = commit(folder / "bot", {FILE: text})
    rehearsal = ModuleRehearsal()
    source = CommitSource(folder / "bot", folder / "bot", head)
    limits = JudgedLimits(seconds=60, candidates=candidates)
    done = await repair_by_replays(rehearsal, source, case, limits, MachineClock())
    assert (folder / "bot" / FILE).read_text() == text
    return done, rehearsal


async def test_a_stated_answer_is_reached_and_other_scripts_stay(tmp_path: Path) -> None:
    script = say("3", "4")
    case = RepairCase(script, make_transcript(script, "no fee", "1 fee"), (say("1", "9"),))

    done, _ = await repair(tmp_path, FEE, case)

    assert done.found is not None
    assert done.failing_steps == (0,)
    assert "int(count) > 3" in done.found.diff
    assert done.found.answers == ("dev: no fee",)
    # `int(count) - 1` gives the same answers everywhere, and might be another edit.
    assert "no script tells the two apart" in done.found.doubts[0]


async def test_an_edit_of_how_the_library_is_used_is_proven_by_the_replay(tmp_path: Path) -> None:
    done, _ = await repair(tmp_path, OPENING, RepairCase(say("open?")))

    assert done.found is not None
    assert done.is_proven
    assert "datetime.now(timezone.utc)" in done.found.diff
    assert done.found.answers == ("dev: open",)


async def test_an_edit_that_changes_another_script_is_not_proven(tmp_path: Path) -> None:
    script = say("3")
    case = RepairCase(script, make_transcript(script, "no fee"), (say("2", "3"),))

    done, _ = await repair(tmp_path, FEE, case)

    assert done.found is not None
    assert not done.is_proven
    assert "another script answers differently: “alice: says “3”” had “dev: 1 fee”" in "".join(
        done.found.doubts
    )


async def test_without_a_stated_answer_a_new_value_is_found_and_not_proven(tmp_path: Path) -> None:
    done, _ = await repair(tmp_path, SHOP, RepairCase(say("wine"), None, (say("tea"),)))

    assert done.found is not None
    assert ".get(name" in done.found.diff
    assert not done.is_proven
    assert done.found.doubts
    assert len(done.found.alternatives) > 1


async def test_an_object_shown_to_people_is_no_answer(tmp_path: Path) -> None:
    text = "class Tea:\n    pass\n\n\ndef answer(name):\n    return Tea().price\n"

    done, _ = await repair(tmp_path, text, RepairCase(say("tea")))

    assert done.found is None or not any("object at" in line for line in done.found.answers)


async def test_the_number_of_edits_is_bounded(tmp_path: Path) -> None:
    text = "def answer(name):\n    total = len(name) + 1\n    return total.price - total * 2\n"

    done, rehearsal = await repair(tmp_path, text, RepairCase(say("tea")), candidates=5)

    assert done.judged <= 5
    assert rehearsal.played <= 2 + 5
    assert done.suspects[0] == "shop.py:3"


async def test_a_script_that_passes_leaves_nothing_to_repair(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="the script passes already"):
        await repair(tmp_path, SHOP, RepairCase(say("tea")))


async def test_a_similar_name_of_the_library_is_found_and_not_proven(tmp_path: Path) -> None:
    site = tmp_path / "env/lib/python3.12/site-packages/discord"
    site.mkdir(parents=True)
    (site / "guild.py").write_text("class Guild:\n    icon = None\n    vanity_url = None\n")
    text = (
        "try:\n    import discord\nexcept ImportError:\n    pass\n\n\nclass Guild:\n"
        "    icon = 'a picture'\n\n\ndef answer(name):\n    return Guild().icon_url\n"
    )
    head = commit(tmp_path / "bot", {FILE: text})
    source = CommitSource(
        tmp_path / "bot", tmp_path / "bot", head, python=tmp_path / "env/bin/python"
    )
    done = await repair_by_replays(
        ModuleRehearsal(),
        source,
        RepairCase(say("icon")),
        JudgedLimits(seconds=60, candidates=8),
        MachineClock(),
    )

    assert done.found is not None
    assert done.found.candidate.kind in ("library", "attribute")
    assert ".icon\n" in done.found.diff
    assert not done.is_proven
