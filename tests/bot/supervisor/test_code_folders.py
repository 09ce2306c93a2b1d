"""Each version runs from its own folder, which later checkouts do not change."""

from pathlib import Path

import pytest

from bot.supervisor.checkout import CheckoutRefused, RunningCheckout
from bot.supervisor.code_folders import CodeFolders
from tests.fakes.repositories import commit, run_git
from tests.support.supervisor_harness import RULES, SupervisorHarness, run_supervisor


def _push(world: SupervisorHarness) -> None:
    """Have the remote know what the checkout is at, as after a fetch."""
    run_git(world.code, "update-ref", "refs/remotes/origin/main", "HEAD")


async def test_the_commit_that_was_asked_for_runs_though_another_one_came_meanwhile(
    tmp_path: Path,
) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        asked = world.write("better")
        later = world.write("crash 0")
        world.ask(commit=asked)
        await world.wait_for_probation(asked)
        [taken] = world.list_events("take_over")
        assert (taken["is"], taken["commit"]) == ("better", asked)
        assert world.head == later
        assert list(world.records.bad) == []


async def test_the_later_commit_is_handed_over_to_when_it_is_asked_for(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        first, second = world.write("better"), world.write("best")
        world.ask(commit=first)
        await world.wait_until(lambda: world.list_events("take_over"))
        world.ask(commit=second)  # while the first is on probation
        await world.wait_for_probation(second)
        assert [each["is"] for each in world.list_events("take_over")] == ["better", "best"]


@pytest.mark.parametrize("behaviour", ["crash 0", "unprepared"])
async def test_a_commit_that_fails_takes_along_what_the_remote_has_after_it(
    tmp_path: Path, behaviour: str
) -> None:
    async with run_supervisor(tmp_path) as world:
        before = world.head
        await world.wait_for_probation(before)
        bad = world.write(behaviour)
        world.write("better")
        _push(world)
        world.ask(commit=bad)
        await world.wait_until(lambda: bad in world.records.bad and world.head == before)
        assert list(world.records.bad) == [bad]


async def test_a_commit_that_nobody_else_has_is_never_taken_away(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        bad = world.write("unprepared")
        mine = world.write("better")
        world.ask(commit=bad)
        await world.wait_until(lambda: world.list_events("not_handed_over"))
        assert "not at" in world.list_events("not_handed_over")[0]["not_back"]
        assert world.head == mine


async def test_a_commit_that_the_checkout_has_left_is_not_started(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        before = world.head
        await world.wait_for_probation(before)
        gone = world.write("better")
        run_git(world.code, "reset", "-q", "--keep", before)
        world.ask(commit=gone)
        await world.wait_until(lambda: "the checkout has left it" in str(world.logged))
        assert (world.list_events("freeze"), list(world.records.bad)) == ([], [])


async def test_core_code_that_somebody_has_edited_runs_as_it_is(tmp_path: Path) -> None:
    world = SupervisorHarness(tmp_path, RULES)
    world.write("good")
    (world.code / "behaviour").write_text("edited")
    world.begin()
    await world.wait_until(lambda: world.list_events("start"))
    assert world.list_events("start")[0]["is"] == "edited"
    world.supervisor.stop()
    await world.wait_for_exit()


async def test_what_crashed_is_started_again_and_not_a_commit_that_came_meanwhile(
    tmp_path: Path,
) -> None:
    async with run_supervisor(tmp_path, "crash 1.5") as world:
        ran = world.head
        await world.wait_for_probation(ran)
        world.write("better")
        await world.wait_until(lambda: world.list_events("start")[1:])
        assert [each["commit"] for each in world.list_events("start")[:2]] == [ran, ran]
        assert {each["is"] for each in world.list_events("start")} == {"crash"}


async def test_edits_are_no_code_of_an_earlier_commit(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        asked = world.write("better")
        world.write("best")
        (world.code / "behaviour").write_text("edited")
        world.ask(commit=asked)
        await world.wait_until(lambda: world.list_events("not_handed_over"))
        assert "core code is edited" in world.list_events("not_handed_over")[0]["why"]
        assert {each["is"] for each in world.list_events()} == {"good"}


async def _repository(folder: Path) -> tuple[CodeFolders, Path, str]:
    root = folder / "root"
    root.mkdir()
    run_git(root, "init", "-q", "-b", "main")
    commit(root, {"bot/a.py": "A = 1\n", "cogs/c.py": "C = 1\n"}, "First")
    folders = CodeFolders(RunningCheckout(root), folder / "code")
    return folders, root, run_git(root, "rev-parse", "HEAD")


async def test_only_core_code_is_laid_out_and_later_commits_leave_it_alone(tmp_path: Path) -> None:
    folders, root, first = await _repository(tmp_path)
    code = await folders.prepare(first)
    assert code is not None
    commit(root, {"bot/a.py": "A = 2\n", "bot/ü b.py": "B = 1\n"}, "Second")
    second = run_git(root, "rev-parse", "HEAD")
    newer = await folders.prepare(second)
    assert newer is not None
    assert sorted(path.name for path in code.rglob("*.py")) == ["a.py"]
    assert (code / "bot/a.py").read_text() == "A = 1\n"
    assert sorted(path.name for path in newer.rglob("*.py")) == ["a.py", "ü b.py"]
    assert run_git(root, "status", "--porcelain") == ""
    folders.keep_only({second})
    assert (code.exists(), newer.exists()) == (False, True)


async def test_what_a_crash_left_of_a_version_is_laid_out_again(tmp_path: Path) -> None:
    folders, _, first = await _repository(tmp_path)
    half = tmp_path / "code" / f"{first}.new" / "bot"
    half.mkdir(parents=True)
    (half / "a.py").write_text("half")
    code = await folders.prepare(first)
    assert code is not None
    assert (code / "bot/a.py").read_text() == "A = 1\n"


async def test_a_version_that_cannot_be_laid_out_runs_from_the_checkout_that_holds_it(
    tmp_path: Path,
) -> None:
    folders, root, first = await _repository(tmp_path)
    (tmp_path / "code").write_text("in the way")
    assert await folders.find(first) is None
    assert "the code runs from the checkout itself" in folders.trouble
    commit(root, {"bot/a.py": "A = 2\n"}, "Second")
    with pytest.raises(CheckoutRefused, match="its code cannot be laid out"):
        await folders.find(first)
