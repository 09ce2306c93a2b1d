"""The planted faults fit the sources, break what they say, and stay unseen by the checks.

A planted checkout runs these tests too. There one fault does not fit any more, being planted
or mended already; that one is skipped.
"""

import builtins
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bot.demo.faults import FAULTS, REPLAYED, MetFault, PlantedFault, choose, plant
from bot.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
NAMES = [fault.name for fault in FAULTS]

MEETING = """
from ast import literal_eval
from pathlib import Path

import pytest

from bot.demo.faults import choose
from tests.cogs.room import open_room


@pytest.mark.parametrize("name", {names})
async def test_a_person_meets_the_fault_and_the_journal_can_repeat_it(
    name: str, tmp_path: Path
) -> None:
    fault = choose(name, None)
    module = f"cogs.{{Path(fault.file).stem}}"
    async with open_room(module, tmp_path, errors_expected=True) as room:
        for step in fault.steps:
            for _ in range(step.times):
                if step.press:
                    await room.alice.click(room.channel.history()[-1], label=step.press)
                else:
                    await room.alice.slash(room.channel, step.command, **step.options)
    errors = [action.error for action in room.journal.actions if action.error]
    assert {{error.exception for error in errors}} == {{fault.error}}
    frame = errors[0].innermost
    assert (frame.file, frame.function) == (fault.file, fault.function)
    assert not frame.opaque
    [literal_eval(value) for value in frame.arguments.values()]
"""


def applies(fault: MetFault) -> bool:
    text = (ROOT / fault.file).read_text()
    return all(text.count(before) == 1 for before, _ in fault.replacements)


def copy_sources(to: Path) -> Path:
    for folder in ("bot", "cogs", "packages", "tests"):
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", to)
    return to


def copy_files(fault: PlantedFault, to: Path) -> Path:
    for file in (fault.file, fault.test_file):
        if file:
            (to / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, to / file)
    return to


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(checkout: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(params=FAULTS, ids=NAMES)
def fault(request: pytest.FixtureRequest) -> PlantedFault:
    fault: PlantedFault = request.param
    if not applies(fault):
        pytest.skip(f"{fault.name} is planted or mended here already")
    return fault


def test_every_fault_but_the_planted_one_fits_the_sources() -> None:
    assert len([fault.name for fault in FAULTS if not applies(fault)]) <= 1


def test_there_are_faults_of_many_kinds_with_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(FAULTS)
    assert len({fault.kind for fault in FAULTS}) >= 6


def test_no_snippet_of_a_fault_meets_that_of_another() -> None:
    snippets = [(f.file, before) for f in FAULTS for before, _ in f.replacements]
    for at, (file, before) in enumerate(snippets):
        others = snippets[:at] + snippets[at + 1 :]
        assert not [1 for other, text in others if other == file and before in text]


def test_the_planted_function_raises_and_the_original_does_not(
    fault: PlantedFault, tmp_path: Path
) -> None:
    plant(fault, copy_files(fault, tmp_path))
    planted = load(tmp_path / fault.file, f"planted_{Path(fault.file).stem}")
    original = load(ROOT / fault.file, f"original_{Path(fault.file).stem}")
    arguments: tuple[object, ...] = eval(repr(fault.arguments))  # noqa: S307 - our own literals

    for _ in range(2):  # the same arguments raise again
        with pytest.raises(getattr(builtins, fault.error)) as caught:
            getattr(planted, fault.function)(*arguments)
        assert type(caught.value).__name__ == fault.error
        assert caught.traceback[-1].name == fault.function
    getattr(original, fault.function)(*arguments)


def test_planting_changes_the_named_files_only(fault: PlantedFault, tmp_path: Path) -> None:
    changed = plant(fault, copy_files(fault, tmp_path))

    assert set(changed) == {fault.file, fault.test_file} - {""}
    for file in changed:
        assert (tmp_path / file).read_text() != (ROOT / file).read_text()


def test_planting_twice_is_refused_and_changes_nothing(fault: PlantedFault, tmp_path: Path) -> None:
    plant(fault, copy_files(fault, tmp_path))
    planted = (tmp_path / fault.file).read_text()

    with pytest.raises(ConfigError, match=f"--fault {fault.name}: .* instead of once"):
        plant(fault, tmp_path)
    assert (tmp_path / fault.file).read_text() == planted


def test_planting_where_the_file_is_missing_says_which(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cogs/dice\.py"):
        plant(choose("dice-top-face", None), tmp_path)


def test_a_fault_is_chosen_by_name_or_by_seed() -> None:
    assert choose("polls-no-votes", 1).name == "polls-no-votes"
    assert choose(None, 7) == choose(None, 7)
    assert len({choose(None, seed).name for seed in range(100)}) == len(FAULTS)


def test_an_unknown_fault_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"--fault rust: .*dice-top-face.*none"):
        choose("rust", None)


@pytest.mark.slow
def test_the_cogs_own_tests_pass_with_every_fault_and_a_person_still_meets_each(
    tmp_path: Path,
) -> None:
    """Faults are planted together, because no snippet of one meets that of another.

    What only a replay shows is planted after the others were met: it hides one of them.
    """
    checkout = copy_sources(tmp_path / "checkout")
    met = [fault for fault in FAULTS if applies(fault)]
    replayed = [fault for fault in REPLAYED if applies(fault)]
    tests = sorted({f"tests/cogs/test_{Path(fault.file).stem}.py" for fault in (*met, *replayed)})
    for fault in met:
        plant(fault, checkout)
    meeting = MEETING.format(names=[fault.name for fault in met])
    (checkout / "tests/cogs/test_meeting.py").write_text(meeting)
    run(checkout, "pytest", "-q", *tests, "tests/cogs/test_meeting.py")
    for other in replayed:
        plant(other, checkout)
    run(checkout, "pytest", "-q", *tests)


@pytest.mark.slow
def test_format_lint_and_types_pass_with_every_fault_planted(tmp_path: Path) -> None:
    checkout = copy_sources(tmp_path / "checkout")
    met: tuple[MetFault, ...] = (*FAULTS, *REPLAYED)
    for fault in met:
        if applies(fault):
            plant(fault, checkout)

    run(checkout, "ruff", "format", "--check", "cogs", "tests/cogs")
    run(checkout, "ruff", "check", "cogs", "tests/cogs")
    run(checkout, "mypy", "--follow-imports=silent", "-p", "cogs")
