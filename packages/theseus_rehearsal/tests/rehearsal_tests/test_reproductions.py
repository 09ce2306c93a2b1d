"""A failure of a journal is reproduced: by its own step, or with what was done before it."""

import json
from pathlib import Path
from typing import Any

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.records import (
    BotCommand,
    PlayedStep,
    Script,
    ScriptStep,
    ScriptWorld,
    Transcript,
    WaitStep,
)
from theseus_rehearsal.reproductions import (
    JournalRecord,
    Reproduction,
    build_candidates,
    find_reproduction,
)
from theseus_rehearsal.scripts import describe_step

COMMANDS = (
    BotCommand(kind="typed", text="?shop open"),
    BotCommand(kind="typed", text="?open"),
    BotCommand(kind="typed", text="?price", needs=("item",)),
)
WORLD = ScriptWorld(files={"host.json": "{}"})


def write(
    event: str, *, at: int = 0, channel: int = 8, text: str = "", fails: bool = False
) -> JournalRecord:
    kind, _, name = event.partition(".")
    found: dict[str, Any] = {
        "ts": f"2026-03-01T12:00:{at:02}.000000Z", "event": event, "kind": kind, "name": name,
        "outcome": "ok", "channel_id": channel, "guild_id": 9, "user": "u-1",
    }  # fmt: skip
    if text:
        found["request"] = {"way": "press" if kind == "component" else "typed", "text": text}
    if fails:
        frame = {"file": "cogs/shop.py", "line": 7, "function": "Shop.price"}
        found |= {"outcome": "error", "error": {"exception": "KeyError", "frames": [frame]}}
    return found


def build(*records: JournalRecord) -> list[list[str]]:
    candidates = build_candidates(records, records[-1], COMMANDS, WORLD)
    return [list(map(describe_step, each.steps)) for each in candidates]


def test_what_was_done_before_is_the_second_candidate() -> None:
    before = write("command.open", at=1)  # without a request, but it needs no values
    elsewhere = write("command.open", at=2, channel=7)
    unknown = write("command.price", at=3)
    failed = write("command.price", at=4, text="?price tea", fails=True)

    assert build(before, elsewhere, unknown, failed) == [
        ["says “?price tea”"],
        ["says “?open”", "says “?price tea”"],
    ]


def test_an_event_without_a_step_is_refused_with_the_reason() -> None:
    with pytest.raises(RehearsalError, match="on_guild_join cannot be reproduced: the event"):
        build(write("listener.Shop.on_guild_join", fails=True))


async def find(answers: dict[str, JournalRecord], *records: JournalRecord) -> Reproduction | None:
    """Search with a bot that writes a line to its journal at some last steps."""

    def answer(_tree: Path, script: Script) -> Transcript:
        steps: tuple[ScriptStep, ...] = script.steps
        line = answers.get(describe_step(steps[-1]))
        return Transcript(
            steps=tuple(PlayedStep(step=step) for step in steps),
            offers=COMMANDS,
            journal=(json.dumps(line),) if line else (),
        )

    async with FakeRehearsal(answer).open(Path()) as runner:
        return await find_reproduction(runner, records, records[-1], WORLD)


async def test_the_script_that_fails_in_the_same_place_is_found() -> None:
    failed = write("command.price", text="?price tea", fails=True)
    found = await find({"says “?price tea”": failed}, failed)

    assert found is not None
    assert [describe_step(step) for step in found.script.steps] == ["says “?price tea”"]
    assert found.script.world.files == WORLD.files


async def test_another_failure_is_no_reproduction() -> None:
    failed = write("command.price", text="?price tea", fails=True)
    other = {**failed, "error": {"exception": "ValueError"}}

    assert await find({"says “?price tea”": other}, failed) is None


async def test_a_failure_at_the_start_needs_no_steps() -> None:
    failed = write("task.setup", fails=True)
    found = await find({describe_step(WaitStep(wait=1)): failed}, failed)

    assert found is not None
    assert found.script.steps == (WaitStep(wait=1),)
