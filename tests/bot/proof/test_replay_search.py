"""The least that a recorded interaction needs to fail again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PlayedError,
    PlayedStep,
    RestartStep,
    Script,
    ScriptWorld,
    TogetherStep,
    Transcript,
    WaitStep,
    WebAnswer,
)
from theseus_rehearsal.web_addresses import find_moved_address

from bot.domain.ids import create_sortable_id
from bot.domain.journal import ActionOutcome
from bot.domain.traffic import TrafficRecord
from bot.proof.replay_search import (
    MAX_RUNS,
    MOST_SETUP,
    OTHER_SEEDS,
    FoundReplay,
    find_smallest_replay,
)
from tests.fakes.fake_clock import START

WANTED = PlayedError(event="command.total", error="TypeError", at="cogs/stall.py:Stall.total")
FILES = {"stall.json": b"{}"}
Fails = Callable[[Script, list[str]], bool]


def record(minute: int, text: str, *, ok: bool = True) -> TrafficRecord:
    """Return a command of that name, so many minutes after the start."""
    at = START + timedelta(minutes=minute)
    return TrafficRecord(
        id=create_sortable_id(at), at=at, event=f"command.{text}", cog="stall",
        step=CommandStep(by="asker", channel="general", command=text),
        people=(Actor(name="asker", permissions=("administrator",), roles=("crew",)),),
        pseudonyms={"asker": "u-1", "channel": "c-1", "server": "s-1"},
        outcome=ActionOutcome.OK if ok else ActionOutcome.ERROR,
    )  # fmt: skip


class Stall:
    """Plays that fail at the last step where `fails` says so of the script and its commands."""

    def __init__(self, fails: Fails, error: PlayedError = WANTED) -> None:
        self._fails = fails
        self._error = error
        self.rehearsal = FakeRehearsal(self._played)

    def _played(self, _tree: Path, script: Script) -> Transcript:
        asked = [each.command for each in script.steps if isinstance(each, CommandStep)]
        steps = [PlayedStep(step=each) for each in script.steps]
        if self._fails(script, asked[:-1]):
            steps[-1] = steps[-1].replace(errors=(self._error,))
        return Transcript(steps=tuple(steps))

    async def found(self, *known: TrafficRecord, files: bool = False) -> FoundReplay | None:
        failed = record(10_000, "total", ok=False)
        async with self.rehearsal.open(Path()) as player:
            lying = FILES if files else {}
            return await find_smallest_replay(player, failed, (*known, failed), WANTED, lying)


def commands(found: FoundReplay | None) -> list[str]:
    assert found is not None
    return [each.command for each in found.script.steps if isinstance(each, CommandStep)]


async def test_what_fails_on_empty_state_needs_nothing_else() -> None:
    found = await Stall(lambda _script, _before: True).found(record(1, "put"))
    assert commands(found) == ["total"]
    assert found is not None
    assert found.script.world.cogs == ("stall",)
    assert [(each.roles, each.permissions) for each in found.script.world.people] == [((), ())]


async def test_what_led_to_it_is_reduced_to_what_it_needs() -> None:
    known = [record(at, f"put{at}") for at in range(1, 17)]
    stall = Stall(lambda _script, before: {"put3", "put12"} <= set(before))
    found = await stall.found(*known)
    assert commands(found) == ["put3", "put12", "total"]
    assert found is not None
    assert found.minimal
    assert found.run_count == len(stall.rehearsal.replayed) <= MAX_RUNS


async def test_roles_and_permissions_stay_where_it_fails_only_with_them() -> None:
    stall = Stall(lambda script, _before: bool(script.world.people[0].roles))
    found = await stall.found()
    assert found is not None
    assert found.script.world.people[0].roles == ("crew",)


@pytest.mark.parametrize(
    ("needed", "asked", "stays"), [(True, False, True), (False, False, False), (False, True, True)]
)
async def test_what_services_answered_stays_where_it_fails_only_with_it_or_asks_for_it(
    needed: bool, asked: bool, stays: bool
) -> None:
    def played(_tree: Path, script: Script) -> Transcript:
        step = PlayedStep(step=script.steps[-1])
        web = bool(script.world.web)
        step = step.replace(wanted=("GET https://x.test/",)) if asked and not web else step
        return Transcript(steps=(step.replace(errors=(WANTED,)) if web or not needed else step,))

    answered = WebAnswer(url="https://x.test/", status=429)
    failed = record(10_000, "total", ok=False).replace(web=(answered,))
    async with FakeRehearsal(played).open(Path()) as player:
        found = await find_smallest_replay(player, failed, (), WANTED, {})
    assert found is not None
    assert found.script.world.web == ((answered,) if stays else ())


async def test_time_passes_between_where_it_fails_only_then() -> None:
    def fails(script: Script, before: list[str]) -> bool:
        return "put" in before and any(isinstance(each, WaitStep) for each in script.steps)

    found = await Stall(fails).found(record(1, "put"), record(2, "show"))
    assert commands(found) == ["put", "total"]


async def test_the_bot_restarts_between_where_it_fails_only_then() -> None:
    def fails(script: Script, before: list[str]) -> bool:
        return "put" in before and any(isinstance(each, RestartStep) for each in script.steps)

    known, failed = (record(1, "put"), record(2, "show")), record(10_000, "total", ok=False)
    for loads, least in (((START + timedelta(minutes=5),), ["put", "total"]), ((), None)):
        async with Stall(fails).rehearsal.open(Path()) as player:
            found = await find_smallest_replay(player, failed, known, WANTED, {}, loads)
        assert (commands(found) if found else None) == least


async def test_a_service_answers_where_a_play_looks_for_it() -> None:
    answered = WebAnswer(url="http://set.test:81/q", status=429)
    asked = "https://default.test/q"

    def played(_tree: Path, script: Script) -> Transcript:
        known = any(each.url == asked for each in script.world.web)
        step = PlayedStep(step=script.steps[-1])
        told = step.replace(errors=(WANTED,)) if known else step.replace(wanted=(f"GET {asked}",))
        return Transcript(steps=(told,))

    failed = record(10_000, "total", ok=False).replace(web=(answered,))
    async with FakeRehearsal(played).open(Path()) as player:
        found = await find_smallest_replay(player, failed, (), WANTED, {})
    assert found is not None
    assert [(each.url, each.status) for each in found.script.world.web] == [(asked, 429)]


@pytest.mark.parametrize(
    ("wanted", "recorded"),
    [
        (("GET https://a.test/", "GET https://b.test/"), ("https://c.test/",)),
        (("GET https://a.test/",), ("https://b.test/", "https://c.test/")),
        (("POST https://a.test/",), ("https://b.test/",)),
        (("GET https://a.test/",), ("https://a.test/",)),
        ((), ("https://a.test/",)),
    ],
)
def test_which_service_moved_is_not_guessed(
    wanted: tuple[str, ...], recorded: tuple[str, ...]
) -> None:
    script = Script(
        steps=(CommandStep(command="total"),),
        world=ScriptWorld(web=tuple(WebAnswer(url=each) for each in recorded)),
    )
    play = Transcript(steps=(PlayedStep(step=script.steps[0], wanted=wanted),))
    assert find_moved_address(script, play) is None


async def test_what_failed_before_is_asked_again_only_where_nothing_else_will_do() -> None:
    known = (record(1, "broken", ok=False), record(2, "put"))
    either = await Stall(lambda _script, before: bool(before)).found(*known)
    assert commands(either) == ["put", "total"]
    only = await Stall(lambda _script, before: "broken" in before).found(*known)
    assert commands(only) == ["broken", "total"]


def _at_once(script: Script) -> TogetherStep | None:
    last = script.steps[-1]
    return last if isinstance(last, TogetherStep) else None


@pytest.mark.parametrize("order", [(), (1, 0)])
async def test_what_fails_alone_nowhere_is_tried_beside_what_was_under_way_then(
    order: tuple[int, ...],
) -> None:
    def fails(script: Script, _before: list[str]) -> bool:
        both, setup = _at_once(script), [each for each in script.steps if each == opened.step]
        return both is not None and both.order == order and bool(setup)

    opened = record(1, "open")

    failed = record(10_000, "total", ok=False)
    failed = failed.replace(began=failed.at - timedelta(seconds=5))
    over = record(9_999, "put").replace(began=failed.began and failed.began - timedelta(minutes=1))
    other = record(10_000, "add").replace(id="other", began=failed.began)
    async with Stall(fails).rehearsal.open(Path()) as player:
        found = await find_smallest_replay(
            player, failed, (opened, record(2, "show"), over, other), WANTED, {}
        )
    assert found is not None
    both = _at_once(found.script)
    assert both is not None
    assert [each.command for each in both.together if isinstance(each, CommandStep)] == [
        "add", "total",
    ]  # fmt: skip
    assert len(found.script.steps) == 2
    assert found.minimal


async def test_what_was_under_way_with_nothing_known_is_asked_twice_last_of_all() -> None:
    stall = Stall(lambda script, _before: _at_once(script) is not None)
    found = await stall.found(record(1, "open"), files=True)
    assert found is not None
    both = _at_once(found.script)
    assert both is not None
    assert both.together[0] == both.together[1]
    assert not found.files
    assert len(found.script.steps) == 1


async def test_the_files_come_last_and_are_not_in_what_is_found() -> None:
    stall = Stall(lambda script, before: bool(script.world.files) and "show" in before)
    found = await stall.found(record(1, "put"), record(2, "show"), files=True)
    assert commands(found) == ["show", "total"]
    assert found is not None
    assert found.files
    assert found.script.world.files == {}
    assert await stall.found(record(1, "put"), record(2, "show")) is None


@pytest.mark.parametrize(
    ("fails", "error"),
    [
        (lambda _script, _before: False, WANTED),
        (lambda script, _before: script.world.seed != OTHER_SEEDS[-1], WANTED),  # by chance
        (lambda _script, _before: True, WANTED.replace(at="cogs/dice.py:Dice.total")),
        (lambda _script, _before: True, WANTED.replace(error="KeyError")),
    ],
)
async def test_what_does_not_fail_so_each_time_is_no_replay(
    fails: Fails, error: PlayedError
) -> None:
    assert await Stall(fails, error).found(record(1, "put")) is None


async def test_plays_and_set_ups_are_bounded() -> None:
    known = [record(at, f"put{at}") for at in range(1, 200)]
    wanted = {f"put{at}" for at in range(141, 200, 3)}
    stall = Stall(lambda _script, before: wanted <= set(before))
    found = await stall.found(*known)
    assert found is not None
    assert not found.minimal
    assert len(stall.rehearsal.replayed) <= MAX_RUNS + len(OTHER_SEEDS) + 2
    assert max(len(script.steps) for _, script in stall.rehearsal.replayed) <= MOST_SETUP + 1
