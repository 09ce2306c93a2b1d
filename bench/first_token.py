"""From a person's message to the model's first token, over the model's own time.

It is taken at the model: from the message to the planner's question, which the model begins to
answer when its own time is over. For an investigation the evidence is gathered before; for a fix
the fault is reproduced as well. The baseline starts a bare `ClaudeSDKClient` and asks it the same.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.bare import BareRequest, run_bare
from bench.rows import Row, measure_pairs
from bench.scene import BenchScene, open_scene
from tests.fakes.small_bot_repository import SPIN

PAIRS = 5
MODEL_SECONDS = 0.5
INVESTIGATE = "spin keeps crashing, please look into it"


async def measure(pairs: int = PAIRS) -> Sequence[Row]:
    """Return a row for an investigation and one for a fix."""
    async with open_scene() as place:
        await place.prepare(SPIN)
        place.pace.seconds = MODEL_SECONDS
        return [
            await _measure_one(place, "investigate", INVESTIGATE, "done", pairs),
            await _measure_one(place, "fix", SPIN.report, "cancelled", pairs),
        ]


async def _measure_one(place: BenchScene, name: str, text: str, end: str, pairs: int) -> Row:
    async def measure_ours() -> float:
        asking = asyncio.create_task(place.wait_for_request("planner"))
        start = datetime.now(UTC)
        thread = await place.world.alice.ask(text)
        taken = (await asking - start).total_seconds()
        if end == "cancelled":
            await place.world.alice.person.say(thread, "cancel")
        await place.wait_until(end)
        return taken

    async with run_bare(place.folder / f"bare-{name}", place.model.base_url) as sdk:

        async def measure_baseline() -> float:
            asked = BareRequest.from_request(place.model.list_requests("planner")[-1])
            asking = asyncio.create_task(place.wait_for_request("planner"))
            start = datetime.now(UTC)
            await sdk.hold(asked, place.world.workspace.checkout)
            return (await asking - start).total_seconds()

        mine, theirs, ratio = await measure_pairs(measure_ours, measure_baseline, pairs=pairs)
    return Row(
        bench="first-token", name=f"message to question, {name}", ours=mine, baseline=theirs,
        baseline_name="bare ClaudeSDKClient, cold", ratio=ratio, pairs=pairs,
    )  # fmt: skip
