"""Discord answers with errors and cut connections while a run goes on: all arrives, once."""

from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.page_reader import is_proposal, text_of
from tests.support.small_world import small_world

pytestmark = pytest.mark.slow

MESSAGES = "/channels/*/messages"
ONE = MESSAGES + "/*"
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "status", "status": 429, "retry_after": 0.3, "times": 2, "path": ONE},
    {"kind": "status", "status": 500, "times": 2, "path": MESSAGES, "method": "POST"},
    {"kind": "status", "status": 429, "retry_after": 0.3, "times": 2, "path": MESSAGES},
    {"kind": "cut", "times": 2, "path": MESSAGES, "method": "POST"},
    {"kind": "swallow", "times": 2, "path": MESSAGES, "method": "POST"},
    {"kind": "swallow", "times": 1, "path": "/channels/*/messages/*/threads", "method": "POST"},
    {"kind": "cut", "times": 1, "path": "/channels/*/messages/*/threads", "method": "POST"},
)  # fmt: skip


async def test_every_message_arrives_once_however_the_network_behaves(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        alice = world.alice
        world.script(SPIN.script)
        await world.break_it(SPIN)
        for fault in FAULTS:
            await alice.person.call("POST", "/local/faults", fault)
        thread = await alice.thread(await alice.person.say("dev", SPIN.complaint), timeout=60)
        await alice.person.call("POST", "/local/faults", {"kind": "gateway_drop"})
        card = await alice.proposal(thread, timeout=90)
        for fault in FAULTS[3:5]:
            await alice.person.call("POST", "/local/faults", fault)
        await alice.person.react(thread, card, "🚢")
        await alice.live(thread)
        await world.works(SPIN)
        told = (await alice.transcript())[thread]
        assert sum(is_proposal(message) for message in told) == 1
        for words in ("Fixing: ", "Shipping `", "live at"):
            found = [m for m in told if words.lower() in text_of(m).lower()]
            assert len({m["id"] for m in found}) >= 1, words
        assert sum(m["content"].startswith("Shipping") for m in told) == 1
        assert sum("live at" in m["content"].lower() for m in told) == 1
        assert len(await alice.person.threads("dev")) == 1
        assert len(world.merges()) == 1
        await alice.reads_well()
