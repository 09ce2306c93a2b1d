"""The use of a shipped feature is counted, and reported once."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.brief import Brief
from bot.domain.errors import NotAuthorized, OutOfBounds
from bot.domain.flag import Flag, Reach
from bot.domain.journal import ActionOutcome
from bot.domain.posts import Post
from bot.domain.proof import Proof
from bot.domain.run import Run, Status
from bot.domain.use import UseWatch
from bot.domain.watch import WatchRules
from bot.self_improvement.watch.feedback import SignedChange
from tests.fakes.fake_request_planner import FLIPS
from tests.support.agent_harness import ALICE, DORA, MALLORY, make_failure
from tests.support.change_harness import FLAGGED, ChangeHarness, make_request, propose_change
from tests.support.crash_point import CrashPoint, Killed

DAY = 24 * 60 * 60


class CoinWorld(ChangeHarness):
    """A world in which the coin has been asked for, and people flip it once it is live."""

    def __init__(self, folder: Path, *briefs: Brief) -> None:
        super().__init__(folder, *briefs)
        self.watch = WatchRules()

    async def shipped(self) -> Run:
        """Return the run that shipped the coin, its program ended."""
        async with self.run_agent() as agent:
            run = await propose_change(self, agent)
            self.runtime.known |= {"coinflip": "coinflip"}
            await agent.approve(self.build_approval(run))
            run = await self.wait_until_ended(run.id)
        assert run.status is Status.DONE, run.reason
        return run

    def flipped(
        self,
        people: int,
        times: int,
        *,
        failed: int = 0,
        ms: float = 120.0,
        flag: bool | None = None,
    ) -> None:
        """Journal this many flips by this many people; the first `failed` of them failed.

        `flag` is its state for these people; `None` means that it was not read.
        """
        self.clock.tick(1)  # what begins at the very moment of a merge is on neither side
        for number in range(times):
            flip = make_failure(self.clock, name="coinflip").replace(user=f"u-{number % people}")
            flip = flip if flag is None else flip.replace(flags={"coinflip": flag})
            if number >= failed:
                flip = flip.replace(outcome=ActionOutcome.OK, error=None, duration_ms=ms)
            self.journal.append(flip)

    async def look(self, fuse: CrashPoint | None = None, *, days: float = 0) -> None:
        """Advance the time, restart, and poll once what is watched."""
        self.clock.tick(days * DAY)
        await self.create_agent(fuse).watch.look()

    def told(self, run: Run, about: str = "use") -> list[str]:
        """Return what was said of the run's use, or of its outcome."""
        return [said.post.text for said in self.chat.messages if said.key == f"{run.id}:{about}"]


@pytest.fixture
def world(tmp_path: Path) -> CoinWorld:
    return CoinWorld(tmp_path)


async def test_after_a_week_the_thread_is_told_once_how_it_is_used(world: CoinWorld) -> None:
    run = await world.shipped()
    watch = (await world.store.get_history(run.id)).use_watch
    assert watch is not None
    assert (watch.events, watch.new) == (("command.coinflip",),) * 2
    assert "I watch how it is used; I report <t:" in world.list_texts(run)[-1]
    world.flipped(people=9, times=41)
    await world.look(days=6.9)
    assert world.told(run) == []
    await world.look(days=0.2)
    (text,) = world.told(run)
    assert "[#1](http://forge.test/forge/pulls/1) came live <t:" in text
    assert "• `/coinflip`: 41 uses by 9 people, no failure; usually answered in 120 ms" in text
    await world.look(days=8)
    assert len(world.told(run)) == 1
    assert await world.key_values.list_records("use:", UseWatch) == ()
    card = world.chat.find_by_key(f"{run.id}:card").post.card
    assert card is not None and "📊 **Use** — `/coinflip`: 41 uses by 9 people" in card.body


async def test_a_later_request_finds_how_it_was_used(world: CoinWorld) -> None:
    run = await world.shipped()
    world.flipped(people=9, times=41)
    await world.look(days=7)
    async with world.run_agent() as agent:
        again = await agent.request(make_request(world, text="make /coinflip count"))
        await world.wait_until_ended(again.id)
    evidence = (await world.store.get_history(again.id)).evidence
    assert evidence is not None and evidence.context is not None
    memory = next(each.memory for each in evidence.context.memories)
    assert (memory.run_id, memory.event) == (run.id, "command.coinflip")
    assert "41 uses by 9 people, no failure" in memory.text


async def test_what_is_behind_a_flag_is_told_with_whom_that_is_on_for(tmp_path: Path) -> None:
    world = CoinWorld(tmp_path, FLAGGED)
    world.use_flag()
    run = await world.shipped()
    await world.create_agent().flags.switch(DORA, "coinflip", "dev", asked_for=("coinflip",))
    world.flipped(people=9, times=41)
    await world.look(days=7)
    (text,) = world.told(run)
    assert text.endswith(
        "🚩 Its flag `coinflip` is on in the dev channel; uses count with it off as well."
    )


async def test_that_nobody_used_it_is_told_as_well(world: CoinWorld) -> None:
    run = await world.shipped()
    await world.look(days=7)
    (text,) = world.told(run)
    assert text.endswith("• `/coinflip`: no one used it")


async def test_a_command_that_was_there_before_is_told_with_its_former_time(
    world: CoinWorld,
) -> None:
    world.flipped(people=2, times=5, ms=1_480.0)
    world.clock.tick(60)
    run = await world.shipped()
    world.flipped(people=1, times=1, ms=70.0)
    await world.look(days=7)
    (text,) = world.told(run)
    assert "1 use by 1 person, no failure; usually answered in 70 ms, 1.5 s before" in text


async def test_what_was_promised_is_held_beside_how_long_it_took(tmp_path: Path) -> None:
    promised = FLAGGED.replace(
        flag="", acceptances=(FLIPS,), understood="It answers within 200 ms."
    )
    world = CoinWorld(tmp_path, promised)
    run = await world.shipped()
    card = next(each.post.card for each in world.chat.messages if ":contract" in each.key)
    assert card is not None
    assert any("I count answers within 200 ms" in field.value for field in card.fields)
    world.flipped(people=3, times=30, ms=120.0)
    world.flipped(people=3, times=10, ms=400.0)
    await world.look(days=7)
    (text,) = world.told(run)
    assert text.endswith("usually answered in 120 ms; ⚠️ 30 of 40 within the promised 200 ms")


@pytest.mark.parametrize(("ms", "mark"), [(80.0, ""), (180.0, "⚠️ ")])
async def test_a_measured_proof_is_held_beside_how_long_it_took(
    world: CoinWorld, ms: float, mark: str
) -> None:
    world.flipped(people=2, times=5, ms=200.0)
    world.clock.tick(60)
    run = await world.shipped()
    watch = await world.key_values.get(f"use:{run.id}", UseWatch)
    assert watch is not None
    history = await world.store.get_history(run.id)
    assert history.verdict is not None and history.shipment is not None
    measured = Proof(kind="measured", holds=True, summary="", ratio=0.6)
    proven = history.add(history.verdict.replace(proofs=(measured,)))
    await world.create_agent().watch.watches.begin(run, proven, history.shipment)
    world.flipped(people=2, times=5, ms=ms)
    await world.look(days=7)
    (text,) = world.told(run)
    assert text.endswith(f"; {mark}{ms / 200:.2f} times as long as before, 0.60 was proven")


async def test_failures_of_a_new_command_are_told_at_once_with_a_way_back(world: CoinWorld) -> None:
    run = await world.shipped()
    world.flipped(people=3, times=9, failed=1)
    await world.look()
    assert world.told(run, "outcome") == []  # one alone may be anybody's
    world.flipped(people=3, times=2, failed=1)
    await world.look()
    await world.look(days=0.5)
    (text,) = world.told(run, "outcome")
    assert "📉 **Regressed.** It got worse since [#1](http://forge.test/forge/pulls/1)" in text
    assert "• `/coinflip`: 2 of 11 uses failed, and it is new." in text
    (post,) = [said.post for said in world.chat.messages if said.key == f"{run.id}:outcome"]
    assert [button.action for button in post.buttons] == ["revert"]
    memory = await world.memory.get(f"lesson:{run.id}")
    assert memory is not None and "made things worse" in memory.text
    await world.look(days=7)
    (text,) = world.told(run)
    assert "11 uses by 3 people, 2 failures" in text


async def test_what_fails_after_the_watch_is_no_verdict_on_the_change(world: CoinWorld) -> None:
    run = await world.shipped()
    await world.look(days=1.1)
    world.flipped(people=3, times=9, failed=9)
    await world.look(days=0.1)
    assert world.told(run, "outcome") == []


async def test_where_the_configuration_says_so_nothing_is_told(world: CoinWorld) -> None:
    world.use_days = 0
    run = await world.shipped()
    assert "I watch whether it fails, until <t:" in world.list_texts(run)[-1]
    await world.look(days=1.1)
    await world.look(days=30)
    assert world.told(run) == []
    assert await world.key_values.list_records("use:", UseWatch) == ()


async def test_what_was_taken_back_is_not_told_of(world: CoinWorld) -> None:
    run = await world.shipped()
    await world.create_agent().watch.watches.end(run.id)
    await world.look(days=7)
    assert world.told(run) == []


async def test_a_change_that_people_did_not_want_is_remembered(world: CoinWorld) -> None:
    async with world.run_agent() as agent:
        run = await propose_change(world, agent)
        await agent.reject(run.id, ALICE, why="nobody needs a coin")
        await world.wait_until_ended(run.id)
    memory = await world.memory.get(f"lesson:{run.id}")
    assert memory is not None
    assert "Asked: add a /coinflip command" in memory.text
    assert "People did not want it: nobody needs a coin" in memory.text


async def test_the_next_change_of_a_command_ends_the_watch_of_the_one_before(
    world: CoinWorld,
) -> None:
    run = await world.shipped()
    history = await world.store.get_history(run.id)
    assert history.shipment is not None
    world.clock.tick(60)
    await world.create_agent().watch.watches.begin(
        run.replace(id="other1"), history, history.shipment
    )
    watch = await world.key_values.get(f"use:{run.id}", UseWatch)
    assert watch is not None and watch.until == world.clock.now()
    assert watch.tell_at == watch.began_at + timedelta(days=7)


@pytest.mark.parametrize("calls", range(0, 16, 3))
async def test_killed_while_it_tells_it_says_so_once(world: CoinWorld, calls: int) -> None:
    run = await world.shipped()
    world.flipped(people=9, times=41)
    world.clock.tick(7 * DAY)
    fuse = CrashPoint()
    dying = world.create_agent(fuse)
    fuse.after = fuse.hits + calls
    with suppress(Killed):
        await dying.watch.look()
    await world.look()
    assert len(world.told(run)) == 1
    assert await world.key_values.list_records("use:", UseWatch) == ()


class FlaggedWorld(CoinWorld):
    """A world in which the coin ships behind a flag."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, FLAGGED)
        self.use_flag()

    async def switched(self, reach: Reach, **where: int) -> Flag:
        """Switch the flag on for a person; return it."""
        self.clock.tick(60)
        flags = self.create_agent().flags
        return (await flags.switch(DORA, "coinflip", reach, asked_for=("coinflip",), **where))[1]

    def offers(self, run: Run) -> list[Post]:
        """Return what was said of those with the flag and those without."""
        return [each.post for each in self.chat.messages if each.key.startswith(f"{run.id}:flag:")]


@pytest.fixture
def flagged(tmp_path: Path) -> FlaggedWorld:
    return FlaggedWorld(tmp_path)


async def test_once_enough_had_its_flag_the_next_step_is_offered_once(
    flagged: FlaggedWorld,
) -> None:
    run = await flagged.shipped()
    flagged.flipped(people=9, times=40, flag=False)
    await flagged.look()
    assert not flagged.offers(run)  # it is off
    flag = await flagged.switched("dev")
    flagged.flipped(people=3, times=29, flag=True)
    flagged.flipped(people=3, times=40)  # the flag was not read
    await flagged.look()
    assert not flagged.offers(run)
    flagged.flipped(people=3, times=1, failed=1, flag=True)
    await flagged.look()
    await flagged.look(days=0.1)
    (post,) = flagged.offers(run)
    assert "`coinflip` is on in the dev channel, since <t:" in post.text
    assert "• with it: 30 uses by 3 people, 1 failure, usually 120 ms" in post.text
    assert "• without it: no one used it" in post.text  # since it was switched
    assert "Nothing is measurably worse with it." in post.text
    button, *others = post.buttons
    assert [each.label for each in others] == ["Later", "Ignore"]
    assert (button.label, button.action) == ("On for 20 % of people", "flag")
    assert button.arguments == ("share20", "coinflip", str(int(flag.at.timestamp())))


async def test_the_button_takes_the_step_it_names_and_an_old_one_none(
    flagged: FlaggedWorld,
) -> None:
    run = await flagged.shipped()
    flag = await flagged.switched("share", percent=20)
    flagged.flipped(people=3, times=30, flag=True)
    await flagged.look()
    step, name, since = flagged.offers(run)[0].buttons[0].arguments
    assert (step, name) == ("share50", flag.name)
    flags = flagged.create_agent().flags
    flagged.clock.tick(60)
    with pytest.raises(NotAuthorized):
        await flags.apply_step(MALLORY, name, "share50", int(since))
    now = await flags.apply_step(DORA, name, "share50", int(since))
    assert (now.reach, now.percent) == ("share", 50)
    with pytest.raises(OutOfBounds, match="was switched after this button was posted"):
        await flags.apply_step(DORA, name, "share50", int(since))
    flagged.flipped(people=3, times=30, flag=True)
    await flagged.look()
    assert [each.buttons[0].label for each in flagged.offers(run)] == [
        "On for 50 % of people",
        "On for everyone",
    ]


async def test_what_goes_worse_with_the_flag_is_offered_to_nobody_else(
    flagged: FlaggedWorld,
) -> None:
    run = await flagged.shipped()
    await flagged.switched("share", percent=20)
    flagged.flipped(people=9, times=60, flag=False)
    flagged.flipped(people=3, times=30, failed=12, flag=True)
    await flagged.look()
    (post,) = flagged.offers(run)
    assert "📉 With it `/coinflip` fails more: 12 of 30 uses with it, 0 of 60" in post.text
    assert [button.label for button in post.buttons] == ["Switch it off", "Later", "Ignore"]


async def test_dislikes_of_answers_with_the_flag_count_against_it(flagged: FlaggedWorld) -> None:
    run = await flagged.shipped()
    await flagged.switched("share", percent=20)
    flagged.flipped(people=9, times=60, flag=True)
    feedback = flagged.create_agent().feedback
    for person in range(20):
        on = person < 10
        await feedback.give(SignedChange(run.id, on), person, "👎" if on else "👍")
    await flagged.look()
    (post,) = flagged.offers(run)
    assert "📉 With it more 👎: 10 of 10 signs with it, 0 of 10 without" in post.text


async def test_a_flag_is_followed_on_its_way_after_its_use_was_told(flagged: FlaggedWorld) -> None:
    run = await flagged.shipped()
    await flagged.switched("dev")
    await flagged.look(days=8)
    assert len(flagged.told(run)) == 1
    flagged.flipped(people=1, times=2, flag=True)
    await flagged.look(days=1)
    assert len(flagged.offers(run)) == 1  # a day, and a person used it
    await flagged.switched("all")
    await flagged.look()
    assert await flagged.key_values.list_records("use:", UseWatch) == ()
    assert len(flagged.told(run)) == 1
