"""Discord answers with errors and cut connections while a run goes on: all arrives, once."""

from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.page_reader import get_text, is_proposal
from tests.support.small_bot_harness import open_small_bot

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
    async with open_small_bot(tmp_path) as world:
        alice = world.alice
        world.write_script(SPIN.script)
        await world.break_command(SPIN)
        for fault in FAULTS:
            await alice.person.call("POST", "/local/faults", fault)
        thread = await alice.wait_for_thread(await alice.person.say("dev", SPIN.report), timeout=60)
        await alice.person.call("POST", "/local/faults", {"kind": "gateway_drop"})
        card = await alice.wait_for_proposal(thread, timeout=90)
        for fault in FAULTS[3:5]:
            await alice.person.call("POST", "/local/faults", fault)
        await alice.person.react(thread, card, "🚢")
        await alice.wait_until_live(thread)
        await world.check_command(SPIN)
        told = (await alice.read_transcript())[thread]
        assert sum(is_proposal(message) for message in told) == 1
        for words in ("Fixing: ", "Shipping `", "live at"):
            found = [m for m in told if words.lower() in get_text(m).lower()]
            assert len({m["id"] for m in found}) >= 1, words
        assert sum(m["content"].startswith("Shipping") for m in told) == 1
        assert sum("live at" in m["content"].lower() for m in told) == 1
        assert len(await alice.person.list_threads("dev")) == 1
        assert len(world.list_merges()) == 1
        await alice.check_wording()
