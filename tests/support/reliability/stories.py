"""The kinds of run that a fault can strike: what people say, until the run has ended."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.fakes.small_bot_repository import FILE, SPIN
from tests.support.feature_requests import make_brief, make_edit, make_example
from tests.support.page_reader import get_buttons
from tests.support.small_bot_harness import SmallBotHarness
from tests.twins.model import (
    Request,
    Turn,
    choose_turn,
    give_result,
    repeat_turn,
    say_text,
)

CASTS = ("offline", "claude")
PATIENCE = 120.0
"""Seconds that a step of a story may take, with a restart in it and a busy machine."""
LONG = {"spin": [{"run": ["sleep", "3"], "edits": [SPIN.edit], "summary": "mend spin"}]}


@dataclass(frozen=True)
class Story:
    """`prepare` is not counted; `play` begins with a person's words and ends with the run.

    With the cast of Claude Code, the model says `turns` in the roles that are there.
    """

    prepare: Callable[[SmallBotHarness], Awaitable[str]]
    play: Callable[[SmallBotHarness, str], Awaitable[None]]
    casts: Sequence[str] = CASTS
    turns: Mapping[str, Sequence[Turn]] = field(default_factory=dict)


async def _break_spin(world: SmallBotHarness) -> str:
    world.write_script(SPIN.script)
    await world.break_command(SPIN)
    return "dev"


async def _break_spin_for_long(world: SmallBotHarness) -> str:
    world.write_script(LONG)
    await world.break_command(SPIN)
    return "dev"


async def _run_earlier_fix(world: SmallBotHarness) -> str:
    thread, _ = await world.propose_fix(SPIN)
    await world.alice.person.say(thread, "ship it")
    await world.alice.wait_until_live(thread, PATIENCE)
    return thread


async def _send_report(world: SmallBotHarness) -> str:
    said = await world.alice.person.say("dev", SPIN.report)
    return await world.alice.wait_for_thread(said, PATIENCE)


async def _run_shipment(world: SmallBotHarness, thread: str) -> None:
    await world.alice.wait_for_proposal(thread, timeout=PATIENCE)
    await world.alice.person.say(thread, "ship it")
    await world.alice.wait_until_live(thread, PATIENCE)


async def _run_fix(world: SmallBotHarness, _channel: str) -> None:
    await _run_shipment(world, await _send_report(world))
    await world.check_command(SPIN)


async def _run_rejection(world: SmallBotHarness, _channel: str) -> None:
    thread = await _send_report(world)
    await world.alice.wait_for_proposal(thread, timeout=PATIENCE)
    await world.alice.person.say(thread, "reject")
    await world.alice.wait_for_end(thread, PATIENCE)


async def _run_cancellation(world: SmallBotHarness, _channel: str) -> None:
    thread = await _send_report(world)
    await world.wait_until(lambda: world.get_run(thread)["stage"] == "execute", PATIENCE)
    await world.alice.person.say(thread, "cancel")
    await world.alice.wait_for_end(thread, PATIENCE)


async def _run_question(world: SmallBotHarness, _channel: str) -> None:
    said = await world.alice.person.say("dev", "why does spin keep failing?")
    thread = await world.alice.wait_for_thread(said, PATIENCE)
    await world.alice.person.wait_for(thread, lambda m: "Fix it" in get_buttons(m), PATIENCE)


async def _run_revert(world: SmallBotHarness, thread: str) -> None:
    said = await world.alice.person.say(thread, "revert it")
    reply = await world.alice.wait_for_reply(thread, said, PATIENCE)
    digits = reply.partition("<#")[2].partition(">")[0]
    await _run_shipment(world, digits or thread)


async def _prepare_nothing(_world: SmallBotHarness) -> str:
    return "dev"


async def _run_change(world: SmallBotHarness, _channel: str) -> None:
    said = await world.alice.person.say("dev", _CHANGE)
    thread = await world.alice.wait_for_thread(said, PATIENCE)
    await world.alice.wait_for_text(thread, "This is what I understand", PATIENCE)
    await world.alice.person.say(thread, "go ahead")
    await _run_shipment(world, thread)


_CHANGE = "make /flip say that the coin lands"
_LANDS = make_example(
    "/flip side:heads", "It lands on tails.", cog="fair", missing="another answer"
)
_EDIT = make_edit(FILE, ("It falls on", "It lands on"))


def _perform_edit(request: Request) -> Turn:
    """Return the next act: it follows from the conversation, so it is the same after a restart."""
    done = len(request.results)
    return _EDIT[done] if done < len(_EDIT) else say_text("That is done.")


_TURNS = {
    "planner": [
        repeat_turn(
            give_result(make_brief("`/flip` says that the coin lands.", FILE, examples=[_LANDS]))
        )
    ],
    "executor": [repeat_turn(choose_turn(_perform_edit))],
}

STORIES: Mapping[str, Story] = {
    "fix": Story(_break_spin, _run_fix),
    "question": Story(_break_spin, _run_question),
    "reject": Story(_break_spin, _run_rejection),
    "cancel": Story(_break_spin_for_long, _run_cancellation),
    "revert": Story(_run_earlier_fix, _run_revert),
    "change": Story(_prepare_nothing, _run_change, ("claude",), _TURNS),
}
