"""The engine's word counts for nothing: what it claims is checked, and what failed is shown."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.small_bot_repository import FAIR, FILE, SPIN, TESTS
from tests.support.page_reader import get_text
from tests.support.parameter_choice import choose_parameters
from tests.support.small_bot_harness import open_small_bot

pytestmark = pytest.mark.slow

BEFORE, AFTER = SPIN.edit[1:]
FIX = {FILE: FAIR.replace(BEFORE, AFTER)}
SECRET = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
SKIPPED = "import pytest\n" + TESTS.replace("def test_the", "@pytest.mark.skip\ndef test_the")
NO_CHECKS = "checks: {quick: [{name: yes, command: ['true']}]}\n"

# What the engine leaves, what is said about it, and the files attached.
LIES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "nothing changed": ({"edits": []}, "found no fix", []),
    "a broken check": (
        {"files": {FILE: FIX[FILE] + "\nunknown_name\n"}},
        "lint failed",
        ["lint.log", "affected-tests.log"],
    ),
    "a broken test": (
        {"edits": [(FILE, BEFORE, "COLOURS[0]")]},
        "affected tests failed",
        ["affected-tests.log"],
    ),
    "still red": (
        {"files": {FILE: FAIR + "\n# mended, I promise\n"}},
        "does not turn from red to green",
        ["reproduction.log"],
    ),
    "a test deleted": ({"files": FIX | {"tests/test_fair.py": None}}, "test_fair.py", []),
    "a test weakened": (
        {"files": FIX | {"tests/test_fair.py": TESTS.replace(' != "red"', " is not None")}},
        "test_fair.py",
        [],
    ),
    "a test skipped": (
        {
            "files": FIX | {"tests/test_fair.py": SKIPPED}
        },
        "test_fair.py",
        [],
    ),
    "a file outside its ownership": ({"files": FIX | {"cogs/other.py": "X = 1\n"}}, "other.py", []),
    "a protected path": (
        {"files": FIX | {"data/config.yaml": NO_CHECKS}},
        "data/config.yaml",
        [],
    ),
    "a secret": (
        {"files": {FILE: FIX[FILE] + f'\nTOKEN = "{SECRET}"\n'}},
        "secret",
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", choose_parameters(LIES, each=4))
async def test_an_engine_that_lies_gets_no_proposal_and_the_thread_says_why(
    lie: str, tmp_path: Path
) -> None:
    turn, words, files = LIES[lie]
    async with open_small_bot(tmp_path) as world:
        alice = world.alice
        world.write_script({"spin": [turn | {"changed": True, "summary": "all is well now"}]})
        await world.break_command(SPIN)
        thread = await alice.ask(SPIN.report)
        end = await alice.wait_for_end(thread, 60)
        assert words in get_text(end), get_text(end)
        assert {file["filename"] for file in end["attachments"]} >= set(files)
        assert world.get_run(thread)["round"] <= 2
        assert world.get_run(thread)["status"] == "failed"
        assert world.list_pulls() == []
        told = "\n".join(map(get_text, (await alice.read_transcript())[thread]))
        assert SECRET not in told
        await alice.check_wording()
        await world.wait_until_clean()


async def test_what_failed_goes_back_to_the_engine_and_a_later_round_can_hold(
    tmp_path: Path,
) -> None:
    async with open_small_bot(tmp_path) as world:
        alice = world.alice
        world.write_script(
            {"spin": [LIES["a broken test"][0], {"files": FIX, "summary": "now really"}]}
        )
        await world.break_command(SPIN)
        thread = await alice.ask(SPIN.report)
        card = await alice.wait_for_proposal(thread)
        assert "now really" in get_text(card)
        first = await alice.wait_for_text(thread, "Round 1 does not hold: affected tests failed")
        assert [file["filename"] for file in first["attachments"]] == ["affected-tests.log"]
        await alice.person.say(thread, "lgtm, merge")
        await alice.wait_until_live(thread)
        await world.check_command(SPIN)
        await alice.check_wording()
