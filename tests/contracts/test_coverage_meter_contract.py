"""What everything that measures coverage promises."""

from collections.abc import Callable

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sandboxed_verifier import SandboxedCoverage
from bot.domain.code_coverage import CodeCoverage, UnrunFunction
from bot.domain.errors import VerifierError, WorkspaceError
from bot.ports.coverage_meter import CoverageMeter
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_coverage_meter import FakeCoverageMeter

COMMIT = "c" * 40
UNRUN = UnrunFunction(file="cogs/dice.py", name="unused", lines=2)
FILES = {
    "data/config.yaml": b"checks:\n"
    b"  quick: [{name: q, command: [pytest, -q, '{affected_tests}']}]\n"
    b"  full: [{name: t, command: [pytest, -q]}]\n",
    "cogs/__init__.py": b"",
    "cogs/dice.py": b"def used():\n    return 1\n\n\ndef unused():\n    return 2\n",
    "tests/test_it.py": b"from cogs.dice import used\n\ndef test_it():\n    assert used() == 1\n",
}
HEAD = "e" * 40
WANTED = ["cogs/dice.py"]
LOOSE = {**FILES, "data/config.yaml": FILES["data/config.yaml"].replace(b"pytest", b"true")}


def in_sandbox() -> CoverageMeter:
    return SandboxedCoverage(PlainSandbox(), FakeCommitTrees({COMMIT: FILES, HEAD: LOOSE}))


def in_memory() -> CoverageMeter:
    result = CodeCoverage(commit=COMMIT, functions=2, unrun=(UNRUN,))
    lines = {"cogs/dice.py": frozenset({1, 2, 5})}
    return FakeCoverageMeter(result, known=(COMMIT, HEAD), lines=lines)


@pytest.fixture(params=[in_memory, in_sandbox])
def meter(request: pytest.FixtureRequest) -> CoverageMeter:
    make: Callable[[], CoverageMeter] = request.param
    return make()


async def test_a_measurement_is_of_the_commit_and_names_what_no_test_ran(
    meter: CoverageMeter,
) -> None:
    found = await meter.measure(COMMIT)
    assert found == CodeCoverage(commit=COMMIT, functions=2, unrun=(UNRUN,))


async def test_the_lines_that_tests_run_are_those_of_the_files_asked_for(
    meter: CoverageMeter,
) -> None:
    # Base's commands count, whatever head configures.
    found = await meter.measure_lines(COMMIT, HEAD, WANTED, lambda _: False)
    assert found == {"cogs/dice.py": {1, 2, 5}}
    with pytest.raises(WorkspaceError):
        await meter.measure_lines(COMMIT, "d" * 40, WANTED, lambda _: False)


@pytest.mark.slow
async def test_lines_that_a_test_made_up_in_a_wrong_form_are_an_error() -> None:
    forging = (
        b"import pathlib, theseus_lines\n\ndef test_it():\n"
        b"    place = pathlib.Path(theseus_lines.__file__).with_name('lines-0.json')\n"
        b'    place.write_text(\'{"cogs/dice.py": "all"}\')\n    import cogs.dice\n'
    )
    trees = FakeCommitTrees({COMMIT: {**FILES, "tests/test_it.py": forging}})
    meter = SandboxedCoverage(PlainSandbox(), trees)
    with pytest.raises(VerifierError, match="cannot be read"):
        await meter.measure_lines(COMMIT, COMMIT, WANTED, lambda _: False)


async def test_a_commit_that_is_not_known_is_an_error(meter: CoverageMeter) -> None:
    with pytest.raises(WorkspaceError):
        await meter.measure("d" * 40)
