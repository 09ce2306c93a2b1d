"""The fast runner: right results, nothing on disk, no process left."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.judge import TestJudge
from theseus_repair.runner import FunctionPlace, TimeLimits

SHORT = TimeLimits(test_seconds=5, cpu_seconds=0.3, seconds=30)
QUICK = TimeLimits(test_seconds=1, cpu_seconds=10, seconds=60)
MODULE = """\
import time
from pathlib import Path


def pick(items, index):
    return items[index + 1]


def spin():
    while True:
        pass


def nap(mark):
    Path(mark).write_text("asleep")
    time.sleep(60)


class Cart:
    total = 3


def read(cart):
    return cart.totl
"""
TESTS = """\
import sys
from pathlib import Path

import subject


def test_pick():
    assert subject.pick([1, 2], 0) == 1


def test_far():
    assert subject.pick([1], 0) == 1


def test_fine():
    assert subject.Cart.total == 3


def test_spin():
    subject.spin()


def test_read():
    subject.read(subject.Cart())


def test_bytecode():
    import sortedcontainers

    written = {file.name.partition(".")[0] for file in Path(sys.pycache_prefix).rglob("*.pyc")}
    assert "subject" in written
    assert "sortedlist" not in written


def test_nap():
    subject.nap(Path(__file__).parent / "asleep")
"""


NAMED = """\
import time

import pytest
from subject import pick


@pytest.mark.parametrize("moment", [str(time.perf_counter_ns()), "now"])
def test_moment(moment):
    pick([1, 2], 0)


def test_plain():
    pass
"""
SHARED = pytest.mark.asyncio(loop_scope="module")


def lay_out(folder: Path) -> Path:
    (folder / "subject.py").write_text(MODULE)
    (folder / "test_subject.py").write_text(TESTS)
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("project"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(shared: Path) -> AsyncIterator[ForkingRunner]:
    """Give a runner that stays for the module: no run of tests is to be felt by the next."""
    async with ForkingRunner(shared) as runner:
        yield runner


def named(*names: str) -> list[str]:
    return [f"test_subject.py::test_{name}" for name in names]


def alive(mark: str) -> list[str]:
    """Return the numbers of all processes on this machine that carry the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
    return found


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


async def until_there(file: Path) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(file.exists):  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)


@SHARED
async def test_calls_that_were_not_all_recorded_are_not_taken_for_none(
    runner: ForkingRunner,
) -> None:
    places = [FunctionPlace("subject.py", 5, "pick")]
    with pytest.raises(TimeoutError, match="before they could tell what they call"):
        await runner.record_calls(named("far", "spin"), places, TimeLimits(60, 60, 0.3))

    assert [call.text for call in await runner.record_calls(named("pick"), places, SHORT)][:1] == [
        "pick([1, 2], 0)"
    ]


@SHARED
async def test_results_come_test_by_test_with_crash_frames_and_coverage(
    runner: ForkingRunner,
) -> None:
    result = await runner.run(named("far", "fine"), {}, SHORT, coverage=True)
    far, fine = result.records

    assert (far.outcome, fine.outcome) == ("failed", "passed")
    assert far.crash is not None
    assert (far.crash.error, far.crash.frames[-1].path) == ("IndexError", "subject.py")
    assert far.crash.frames[-1].line == 6
    assert far.lines["subject.py"] == {5, 6}
    assert not result.is_passing

    wanted = {"subject.py": frozenset({6, 9})}
    result = await runner.run(named("far", "fine"), {}, SHORT, coverage=wanted)

    assert [dict(record.lines) for record in result.records] == [{"subject.py": {6}}, {}]


@SHARED
@pytest.mark.slow
async def test_an_overlay_is_what_the_tests_import_and_the_disk_keeps_its_own(
    runner: ForkingRunner, shared: Path
) -> None:
    mended = MODULE.replace("index + 1", "index")
    before = listing(shared)

    assert (await runner.run(named("pick", "far"), {"subject.py": mended}, SHORT)).is_passing
    assert not (await runner.run(named("pick"), {}, SHORT)).is_passing
    assert (shared / "subject.py").read_text() == MODULE
    assert listing(shared) == before


@SHARED
async def test_only_the_projects_own_is_compiled_and_not_into_its_tree(
    runner: ForkingRunner, shared: Path
) -> None:
    assert (await runner.run(named("bytecode"), {}, SHORT)).is_passing
    assert "__pycache__" not in listing(shared)


@SHARED
@pytest.mark.slow
async def test_an_endless_loop_is_cut_short_and_the_next_run_is_none_the_worse(
    runner: ForkingRunner,
) -> None:
    result = await runner.run(named("spin"), {}, SHORT)

    assert result.failures[0].crash is not None
    assert result.failures[0].crash.error == "OutOfTime"
    assert (await runner.run(named("fine"), {}, SHORT)).is_passing


@SHARED
async def test_the_crash_says_which_attributes_there_are(runner: ForkingRunner) -> None:
    (record,) = (await runner.run(named("read"), {}, SHORT)).records

    assert record.crash is not None
    assert record.crash.get_hint("near")[0] == "total"


@SHARED
async def test_a_test_that_is_not_there_is_not_green(runner: ForkingRunner) -> None:
    result = await runner.run(named("nowhere"), {}, SHORT)

    assert not result.is_passing
    assert "not found" in result.output


@SHARED
@pytest.mark.slow
async def test_runs_go_on_side_by_side(runner: ForkingRunner) -> None:
    results = await asyncio.gather(*(runner.run(named("fine"), {}, SHORT) for _ in range(6)))

    assert all(result.is_passing for result in results)


async def test_cancelling_and_leaving_kills_everything_at_once(project: Path) -> None:
    async with ForkingRunner(project) as runner:
        run = asyncio.ensure_future(runner.run(named("nap"), {}, TimeLimits(60, 60, 60)))
        await until_there(project / "asleep")
        mark = runner.mark
        assert alive(mark)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    assert alive(mark) == []


async def test_nothing_outlives_us_when_we_are_killed(project: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.runner import FunctionPlace, TimeLimits

async def main():
    async with ForkingRunner(Path({str(project)!r})) as runner:
        print(runner.mark, flush=True)
        await runner.run(["test_subject.py::test_nap"], {{}}, TimeLimits(60, 60, 60))

asyncio.run(main())
"""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    mark = (await child.stdout.readline()).decode().strip()
    await until_there(project / "asleep")

    child.kill()
    await child.wait()

    async with asyncio.timeout(10):
        while alive(mark):  # noqa: ASYNC110 - other processes end in their own time
            await asyncio.sleep(0.02)


# What a busy machine may be to blame for

FIRST_TIME = """
import os, signal, time
from pathlib import Path

def test_late():
    first = Path("{marker}")
    if not first.exists():
        first.touch()
        {trouble}

def test_late_always():
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [
        pytest.param("time.sleep(90)", 60, marks=pytest.mark.slow),
        ("os.kill(os.getppid(), signal.SIGKILL)", 60),
        pytest.param("os.kill(os.getppid(), signal.SIGSTOP)", 20, marks=pytest.mark.slow),
    ],
    ids=["a test that hangs", "a server that dies", "a server that stands still"],
)
async def test_what_goes_wrong_the_first_time_only_is_no_ones_fault(
    project: Path, tmp_path_factory: pytest.TempPathFactory, trouble: str, seconds: float
) -> None:
    marker = tmp_path_factory.mktemp("outside") / "first"
    text = FIRST_TIME.replace("{marker}", str(marker)).replace("{trouble}", trouble)
    (project / "test_first.py").write_text(text)
    async with ForkingRunner(project) as runner:
        result = await runner.run(["test_first.py::test_late"], {}, TimeLimits(1, 10, seconds))
    assert (result.is_passing, result.tried) == (True, 2)


async def test_a_test_that_hangs_alone_as_well_is_believed_and_not_tried_a_third_time(
    project: Path,
) -> None:
    (project / "test_first.py").write_text(FIRST_TIME)
    async with ForkingRunner(project) as runner:
        judge = TestJudge(runner, ["test_first.py::test_late_always"], [], QUICK, QUICK)
        first, second = [await judge.judge({}) for _ in range(2)]
    assert first.detail == "OutOfTime: took too long (tried twice, the second time alone)"
    assert second.detail == "OutOfTime: took too long"
    assert first.timed_out
    assert second.timed_out


async def test_a_file_that_cannot_be_imported_keeps_no_other_from_running(project: Path) -> None:
    (project / "test_elsewhere.py").write_text("import a_package_that_is_not_here\n")
    async with ForkingRunner(project) as runner:
        result = await runner.run(["test_elsewhere.py", *named("fine")], {}, SHORT)

    assert result.passed_tests == tuple(named("fine"))
    assert [record.test for record in result.failures] == ["test_elsewhere.py"]


@pytest.mark.parametrize("collected", [False, True])
async def test_tests_named_after_what_time_it_is_are_found_in_later_runs(
    project: Path, collected: bool
) -> None:
    (project / "test_named.py").write_text(NAMED)
    async with ForkingRunner(project) as runner:
        first = await runner.run(["test_named.py"], {}, SHORT)
        names = [record.test for record in first.records]
        if collected:
            await runner.collect(names, ["subject.py"])
        text = (project / "subject.py").read_text()
        later = [await runner.run(names, {"subject.py": text}, SHORT) for _ in range(2)]
        worse = await runner.run(names, {"subject.py": "def pick(*_): raise KeyError\n"}, SHORT)

    assert [(len(run.records), run.is_passing) for run in (first, *later)] == 3 * [(3, True)]
    assert not worse.is_passing
