"""Times of the same scripts on two sides: when the difference is one."""

import pytest
from rehearsal_tests.replay_builders import command
from theseus_rehearsal.records import PressStep, Script

from bot.proof.measurement import build_speed_proof, select_scripts
from bot.proof.setting_changes import build_configuration_proof


def rounds(*ratios: float) -> list[tuple[float, float]]:
    return [(2.0, 2.0 * each) for each in ratios]


@pytest.mark.parametrize(
    ("ratios", "holds"),
    [
        ([0.5] * 15, True),
        ([0.9] * 13 + [1.1] * 2, True),  # a busy machine, now and then
        ([0.9] * 12 + [1.1] * 3, False),
        ([1.0] * 15, False),
        ([1.5] * 15, False),
        ([0.5], False),
    ],
)
def test_only_what_is_surely_faster_holds(ratios: list[float], holds: bool) -> None:
    assert build_speed_proof(rounds(*ratios)).holds is holds


def test_the_ratio_stands_with_its_interval_and_its_chance() -> None:
    ratios = [0.30 + 0.01 * each for each in range(15)]
    proof = build_speed_proof(rounds(*ratios))
    assert proof.summary == "0.37 times as long (0.33 to 0.41) as before"
    assert proof.details == ("faster in 15 of 15 rounds, p = 3.1e-05",)


def test_commands_that_are_spoken_of_are_timed_and_else_the_first() -> None:
    roll, poll = (Script(steps=(command(name),)) for name in ("roll", "poll create"))
    press = Script(steps=(PressStep(press="Again"),))
    assert select_scripts([roll, poll, press], "speed up /poll") == (poll,)
    assert select_scripts([roll, poll, press], "make it faster") == (roll, poll, press)
    assert len(select_scripts([roll] * 9, "faster")) == 4


def test_settings_are_told_by_their_names() -> None:
    old = {"runs": {"workers": 2, "none": {}}, "cogs": ["dice"]}
    new = {"runs": {"workers": 3, "none": {}}, "cogs": ["dice", "polls"], "http": {"port": 1}}
    assert build_configuration_proof(old, new).details == (
        "`cogs`: ['dice'] → ['dice', 'polls']",
        "`http.port`: nothing → 1",
        "`runs.workers`: 2 → 3",
    )
