"""One bot after the other, with real processes that behave as a test wants."""

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.supervisor.records import Handover, RestartFile, RestartRecords
from bot.supervisor.state_schema import find_incompatibility
from bot.supervisor.supervisor import STATE_HELD
from tests.support.supervisor_harness import RULES, SupervisorHarness, run_supervisor


async def test_what_runs_well_is_remembered_and_ends_in_good_order(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        world.supervisor.stop()
        assert await world.wait_for_exit() == 0
        assert [each["why"] for each in world.list_events("ended")] == ["stop"]


async def test_a_wrong_setting_is_passed_on_and_not_tried_again(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path, "refused") as world:
        assert await world.wait_for_exit() == 2
        assert len(world.list_events("ended")) == 1


@pytest.mark.parametrize("after", [0.0, pytest.param(0.2, marks=pytest.mark.slow)])
async def test_what_crashes_again_and_again_is_given_up(tmp_path: Path, after: float) -> None:
    async with run_supervisor(tmp_path, f"crash {after}") as world:
        assert await world.wait_for_exit() == 1
        assert len(world.list_events("start")) == RULES.crashes
        told = world.list_events("start")[-1]["news"]["crashed"]
        assert told["why"] == "it ended with exit code 1"
        assert "RuntimeError: crashed as it was told to" in told["tail"]


@pytest.mark.slow
async def test_what_crashes_after_it_ran_well_is_started_again(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path, "crash 0.6") as world:
        await world.wait_until(lambda: len(world.list_events("start")) > RULES.crashes)
        assert world.running is not None and not world.running.done()


@pytest.mark.slow
async def test_what_hangs_is_started_again(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path, "hang 0.1") as world:
        await world.wait_until(lambda: len(world.list_events("start")) == 2)
        assert "hung" in world.list_events("start")[-1]["news"]["crashed"]["why"]


# -------------------------------------------------------------------------------------- hand-overs


async def _handed(world: SupervisorHarness, behaviour: str) -> str:
    """Hand over from a good commit to one that behaves so; return the first commit."""
    before = world.head
    await world.wait_for_probation(before)
    world.write(behaviour)
    world.ask()
    return before


async def test_the_new_one_takes_over_the_session_and_hears_when_the_old_one_is_gone(
    tmp_path: Path,
) -> None:
    async with run_supervisor(tmp_path) as world:
        before = await _handed(world, "better")
        await world.wait_for_probation(world.head)
        await world.wait_until(lambda: world.list_events("predecessor_gone"))
        kinds = [
            (each["is"], each["type"]) for each in world.list_events() if each["type"] != "passed"
        ]
        assert kinds == [
            ("good", "start"),
            ("good", "restart"),
            ("good", "freeze"),
            ("better", "take_over"),
            ("good", "retire"),
            ("good", "ended"),
            ("better", "predecessor_gone"),
        ]
        [taken] = world.list_events("take_over")
        assert taken["session"] == {"id": "good", "sequence": 7}
        assert taken["logins"] == {"of": "good"}
        told = taken["news"]["restarted"]
        assert told.pop("at")
        assert told == {
            "commit": world.head,
            "previous": before,
            "reason": "a test",
            "run_id": "k7m2xq",
            "migrates": [],
            "supervisor_changed": False,
        }
        assert world.records.good == (before, world.head)


async def test_a_bot_knows_whether_its_code_is_still_on_probation(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        before = await _handed(world, "better")
        await world.wait_until(
            lambda: [each["is"] for each in world.list_events("passed")] == ["good", "better"]
        )
        first, taken = world.list_events("start")[0], world.list_events("take_over")[0]
        assert (first["news"]["on_probation"], taken["news"]["on_probation"]) == (False, True)
        assert world.records.good == (before, world.head)


async def test_a_change_of_the_supervisor_itself_is_told(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        world.write("better", bot__supervisor__supervisor="changed")
        world.ask()
        await world.wait_until(lambda: world.list_events("take_over"))
        assert world.list_events("take_over")[0]["news"]["restarted"]["supervisor_changed"]


async def test_asked_for_what_it_runs_already_nothing_happens(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        world.ask()
        await world.wait_until(lambda: world.list_events("restart"))
        await _handed(world, "better")
        await world.wait_until(lambda: world.list_events("take_over"))
        assert len(world.list_events("freeze")) == 1


async def test_what_does_not_load_is_never_handed_anything(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        before = await _handed(world, "unprepared")
        bad = world.head
        await world.wait_until(lambda: world.list_events("not_handed_over"))
        [told] = world.list_events("not_handed_over")
        assert told["why"] == "it does not start: it ended with exit code 1"
        assert "no module named nonsense" in told["tail"]
        assert (told["run_id"], "not_back" in told) == ("k7m2xq", False)
        assert world.head == before
        assert list(world.records.bad) == [bad]
        assert not world.list_events("freeze")


async def test_what_did_not_work_when_it_was_played_is_not_even_started(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        before = world.head
        await world.wait_for_probation(before)
        bad = world.write("better")
        world.ask(refused="it was played, and answers nothing")
        await world.wait_until(lambda: world.list_events("not_handed_over"))
        assert (
            world.list_events("not_handed_over")[0]["why"] == "it was played, and answers nothing"
        )
        assert (world.head, list(world.records.bad)) == (before, [bad])
        assert {each["is"] for each in world.list_events()} == {"good"}


async def _refuse(world: SupervisorHarness, live: str) -> None:
    """Have a hand-over refused, with `live` as the commit that runs with its cogs."""
    told = len(world.list_events("not_handed_over"))
    world.ask(live=live, refused="it was played, and answers nothing")
    await world.wait_until(lambda: len(world.list_events("not_handed_over")) > told)


async def test_cogs_that_came_live_since_the_start_stay_where_a_later_commit_is_refused(
    tmp_path: Path,
) -> None:
    async with run_supervisor(tmp_path) as world:
        started = world.head
        await world.wait_for_probation(started)
        for core, kept in (("better", False), ("good", True)):
            live = world.write(core, cog=core)
            world.write("crash 0.1")
            await _refuse(world, live)
            assert world.head == (live if kept else started)


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("crash 0.1", "it ended with exit code 1"),
        ("hang 0.1", "it hung"),
        pytest.param("crash 0", "it ended with exit code 1", marks=pytest.mark.slow),
        pytest.param("crash 0.5", "it ended with exit code 1", marks=pytest.mark.slow),
        pytest.param("silent", "it hung", marks=pytest.mark.slow),
        pytest.param("unready", "it was not ready", marks=pytest.mark.slow),
        pytest.param("leak", "its memory grew", marks=pytest.mark.slow),
    ],
)
async def test_what_fails_on_probation_is_taken_back(
    tmp_path: Path, behaviour: str, why: str
) -> None:
    rules = replace(RULES, probation_seconds=15.0 if behaviour == "leak" else 0.9)
    async with run_supervisor(tmp_path, rules=rules) as world:
        before = await _handed(world, behaviour)
        bad = world.head
        await world.wait_until(lambda: len(world.list_events("start")) == 2)
        told = world.list_events("start")[-1]["news"]["rolled_back"]
        assert told["why"].startswith(why)
        assert (told["commit"], told["previous"], told["run_id"]) == (bad, before, "k7m2xq")
        assert f"{behaviour.split()[0]} speaking" in told["tail"]
        assert world.head == before
        assert list(world.records.bad) == [bad]
        assert world.records.trial is None


async def test_work_that_is_not_committed_is_kept_and_the_way_back_refused(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        bad = world.write("crash 0", notes="of the change")
        (world.code / "notes").write_text("by hand")
        world.ask()
        await world.wait_until(lambda: len(world.list_events("start")) == 2)
        told = world.list_events("start")[-1]["news"]["rolled_back"]
        assert "notes" in told["not_back"]
        assert world.head == bad
        assert (world.code / "notes").read_text() == "by hand"


DATABASE, FIRST, SECOND = "theseus.sqlite3", "0001_songs", "0002_years"


def _state_with(world: SupervisorHarness, *migrations: str) -> Path:
    """Write a state folder whose database has these migrations."""
    state = world.records_file.parent
    (state / "backups").mkdir(parents=True)
    for day in ("20261101", "20261102", "29990101"):
        (state / "backups" / f"theseus-{day}T033000Z.tar.gz").touch()
    with contextlib.closing(sqlite3.connect(state / DATABASE)) as database:
        database.execute("CREATE TABLE schema_migrations (number INTEGER, name TEXT)")
        database.executemany(
            "INSERT INTO schema_migrations VALUES (?, ?)", enumerate(migrations, start=1)
        )
        database.commit()
    return state


async def test_what_older_code_cannot_open_is_not_given_back_to_it(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        before = world.head
        await world.wait_for_probation(before)
        state = _state_with(world, FIRST, SECOND)
        bad = world.write("crash 0.1")
        world.ask(migrates=[SECOND], databases=[DATABASE, "new.sqlite3"], known=[FIRST])
        await world.wait_until(lambda: len(world.list_events("start")) == 2)
        kinds = [(each["is"], each["type"]) for each in world.list_events()]
        assert kinds.index(("good", "ended")) < kinds.index(("crash", "take_over"))  # has it alone
        told = world.list_events("start")[-1]["news"]["rolled_back"]
        assert told["not_back"].startswith(
            f"{DATABASE} has the migration {SECOND}, which {before[:7]} does not know"
        )
        assert f"`git reset --keep {before[:12]}`" in told["not_back"]
        assert f"`theseus restore {state}/backups/theseus-20261102T033000Z" in told["not_back"]
        assert world.head == bad


async def test_what_failed_before_it_migrated_is_taken_back(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        before = world.head
        await world.wait_for_probation(before)
        _state_with(world, FIRST)
        world.write("crash 0.1")
        world.ask(migrates=[SECOND], databases=[DATABASE], known=[FIRST])
        await world.wait_until(lambda: world.list_events("start")[1:])
        assert "not_back" not in world.list_events("start")[-1]["news"]["rolled_back"]
        assert world.head == before


@pytest.mark.parametrize("told", [{}, {"databases": (DATABASE,), "known": (FIRST,)}])
def test_where_the_state_cannot_be_read_what_was_to_be_migrated_decides(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    (tmp_path / DATABASE).write_text("not a database, and long enough to be looked at")
    migrating = replace(Handover("b" * 40, "a" * 40, migrates=(SECOND,)), **told)
    why = find_incompatibility(tmp_path, migrating)
    assert why.startswith(f"its code migrates the state ({SECOND})")
    assert ("cannot be read" in why) == bool(told)
    assert "`theseus restore` of a backup from before" in why
    assert find_incompatibility(tmp_path, replace(migrating, migrates=())) == ""


async def test_a_state_that_another_process_has_is_held_against_no_commit(tmp_path: Path) -> None:
    world = SupervisorHarness(tmp_path, RULES)
    head = world.write("held")
    on_trial = Handover(head, "a" * 40)
    RestartFile(world.records_file).write(RestartRecords(trial=on_trial))
    world.begin()
    assert await world.wait_for_exit() == STATE_HELD
    assert world.records == RestartRecords(trial=on_trial)
    assert world.head == head


@pytest.mark.slow
async def test_one_that_does_not_let_go_is_ended(tmp_path: Path) -> None:
    rules = replace(RULES, drain_seconds=0.2, kill_seconds=0.2)
    async with run_supervisor(tmp_path, "clinging", rules=rules) as world:
        await _handed(world, "better")
        await world.wait_until(lambda: world.list_events("take_over"))
        assert world.list_events("take_over")[0]["session"] is None


@pytest.mark.slow
async def test_a_probation_goes_on_where_the_service_was_started_again(tmp_path: Path) -> None:
    world = SupervisorHarness(tmp_path, RULES)
    before = world.write("good")
    world.begin()
    await world.wait_for_probation(before)
    world.write("hang 0.3")
    world.ask()
    await world.wait_until(lambda: world.list_events("take_over"))
    world.supervisor.stop()
    await world.wait_for_exit()
    again = SupervisorHarness(tmp_path, RULES)
    again.begin()
    await again.wait_until(lambda: again.head == before)
    again.supervisor.stop()
    await again.wait_for_exit()


async def test_a_stop_during_a_hand_over_ends_both(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await _handed(world, "better")
        await world.wait_until(lambda: world.list_events("freeze"))
        world.supervisor.stop()
        assert await world.wait_for_exit() in (0, 1)
        assert world.list_alive() == set()


async def test_a_second_stop_is_at_once(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path, "clinging") as world:
        await world.wait_for_probation(world.head)
        world.supervisor.stop()
        await world.wait_until(lambda: world.list_events("stop"))
        world.supervisor.stop()
        async with asyncio.timeout(3):
            assert await world.wait_for_exit() == 143


async def test_the_emergency_stop_is_passed_on(tmp_path: Path) -> None:
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        world.supervisor.stop_all()
        await world.wait_until(lambda: world.list_events("stop_everything"))


async def test_what_is_unreadable_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/restarts.json").write_text("{half")
    async with run_supervisor(tmp_path) as world:
        await world.wait_for_probation(world.head)
        assert (tmp_path / "state/restarts.unreadable").exists()
        assert "cannot be read" in world.logged[0]
        assert world.records_file.stat().st_mode & 0o077 == 0
