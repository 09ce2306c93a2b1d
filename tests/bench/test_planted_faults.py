"""The planted faults and the repeated scripts are as their benchmarks need them."""

from collections import Counter
from pathlib import Path

import pytest
from theseus_rehearsal.behaviour_diff import find_differences
from theseus_rehearsal.ports.rehearsal import run_scripts
from theseus_rehearsal.records import JoinStep, LeaveStep, TogetherStep
from theseus_rehearsal.scripts import STEPS

from bench.faults import Fault, read_faults
from bench.planted_faults import choose_faults
from bench.script_data import extract_tree, iterate_scripts, open_rehearsal

ROOT = Path(__file__).resolve().parents[2]
EVERYDAY = {"dice", "polls", "quotes", "reminders"}


@pytest.fixture(scope="module")
def faults() -> tuple[Fault, ...]:
    """Read them where they are tested: every worker imports this file, and it takes a second."""
    return read_faults()


def test_every_edit_fits_todays_cogs_once_and_leaves_python(faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        source = (ROOT / fault.file).read_text(encoding="utf-8")
        assert fault.edits, fault.name
        compile(fault.plant_in(source), fault.name, "exec")


def test_sixteen_kinds_have_three_faults_or_more_each_with_a_judge_and_a_name_of_its_own(
    faults: tuple[Fault, ...],
) -> None:
    kinds = Counter(fault.kind for fault in faults)
    assert len(kinds) == 16
    assert min(kinds.values()) >= 3
    assert len({fault.name for fault in faults}) == len(faults) >= 60
    assert {fault.cog for fault in faults} == EVERYDAY
    assert all(fault.judge and fault.commit and fault.report for fault in faults)


def test_fifty_scripts_take_every_kind_of_step_and_every_everyday_cog() -> None:
    scripts = dict(iterate_scripts("repeated.yaml"))
    steps = [step for script in scripts.values() for step in script.steps]
    assert len(scripts) == 50
    assert {type(step) for step in steps} == set(STEPS.values()) - {JoinStep, LeaveStep}
    assert any(isinstance(step, TogetherStep) and step.order for step in steps)
    assert {cog for script in scripts.values() for cog in script.world.cogs} >= EVERYDAY


@pytest.mark.slow
async def test_a_fault_shows_where_people_meet_it_and_to_its_judge(tmp_path: Path) -> None:
    tree, rehearsal = await extract_tree(tmp_path / "tree"), await open_rehearsal()
    for fault in choose_faults(1)[::5]:
        scripts, file = [fault.trigger, *fault.judge], tree / fault.file
        source = file.read_text(encoding="utf-8")
        without = await run_scripts(rehearsal, tree, scripts)
        file.write_text(fault.plant_in(source), encoding="utf-8")
        planted = await run_scripts(rehearsal, tree, scripts)
        file.write_text(source, encoding="utf-8")
        met, *judged = [find_differences(*pair) for pair in zip(without, planted, strict=True)]
        assert not any(each.has_failed for each in without), fault.name
        assert met, fault.name
        assert any(judged), fault.name
