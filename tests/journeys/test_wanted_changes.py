"""Changes that people want: what does not hold is stopped and says why, what holds is proposed.

With the real program, a scripted model, and this repository's bot. New commands: test_wanted.py.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from bot.demo.demo import TOKEN as DISCORD_TOKEN
from bot.demo.faults import MetFault
from tests.fakes.repositories import commit, run_git
from tests.support.casts import KEY, make_claude_cast
from tests.support.demo_playground import Playground, open_playground
from tests.support.feature_requests import (
    BIRTHDAY,
    BOTH,
    CALMER,
    FASTER,
    FEATURE_REQUESTS,
    FLIP_TESTS,
    FORECAST,
    OPEN,
    OWN,
    PARTS,
    PROMPT,
    STRICT,
    TESTS,
    TIDY,
    TOKEN,
    TWICE,
    UNFIT,
    WHY,
    FeatureRequest,
)
from tests.support.page_reader import PageReader, get_buttons, get_text, is_proposal
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot
from tests.twins.model import ScriptedModel, make_case, repeat_turn, say_text

EVERYDAY = ", ".join(
    f"tests/cogs/test_{name}.py" for name in ("dice", "polls", "quotes", "reminders")
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

DICE_ALONE = "[pytest, -q, tests/cogs/test_dice.py]"
SHORT_CHECKS = MetFault(
    name="short-checks",
    file="data/config.yaml",
    replacements=(
        ('    - {name: types, command: [mypy, "{changed}"], seconds: 120}\n', ""),
        ('[pytest, -q, -m, "not slow", "{affected_tests}"]', DICE_ALONE),
        ("    - {name: types, command: [mypy, cogs], seconds: 120}\n", ""),
        (f"[pytest, -q, {EVERYDAY}]", DICE_ALONE),
    ),
    message="Checks: those that are quick",
    author="Mara Lindqvist <mara.lindqvist@example.org>",
    breaks="",
    steps=(),
    report="",
    error="",
)
"""No fault, but checks that take seconds: it is not they that stop what is wanted here."""

DONE = repeat_turn(say_text("That is done."))
PATIENCE = 600
"""Seconds that checks and plays may take on a machine that has much else to do."""

# Nobody reads these changes over, and there are more of them than a model may begin in an hour.
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "engine": {"reviewer": None},
    "budget": {"modifications_an_hour": 50},
}


class Scene(NamedTuple):
    """A running demo in which nothing is broken, and the model that its bot asks."""

    play: Playground
    model: ScriptedModel

    @property
    def alice(self) -> PageReader:
        """She is listed."""
        return self.play.alice

    async def understood(self, wish: FeatureRequest) -> str:
        """Ask for it; return the thread once it has what was understood."""
        thread = await self.alice.ask(wish.text)
        await self.alice.wait_for_text(thread, "This is what I understand", timeout=PATIENCE)
        return thread

    async def agreed(self, wish: FeatureRequest) -> str:
        """Ask for it and have it begun; return the thread."""
        thread = await self.understood(wish)
        await self.alice.person.say(thread, "go ahead")
        return thread

    async def stopped(self, wish: FeatureRequest) -> str:
        """Have it begun; return its last words, and see that it was not proposed."""
        thread = await self.agreed(wish)
        end = get_text(await self.alice.wait_for_end(thread, PATIENCE))
        assert not any(map(is_proposal, (await self.alice.read_transcript())[thread])), end
        return end


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    # What was wanted before is remembered later, so the words that come last are looked for first.
    stories = [
        *(
            make_case(f"yours is `{name}`", {"executor": [*work, DONE]})
            for name, work in PARTS.items()
        ),
        *(make_case(wish.text, wish.story) for wish in reversed(FEATURE_REQUESTS)),
        make_case(
            "", {"voice": [repeat_turn(say_text("I mend this bot."))]}
        ),  # sample talks, whatever is said
    ]
    async with ScriptedModel(stories) as model:
        with pytest.MonkeyPatch.context() as variables:
            variables.setenv("ANTHROPIC_BASE_URL", model.base_url)
            variables.setenv("ANTHROPIC_API_KEY", KEY)
            home = tmp_path_factory.mktemp("home")
            async with open_playground(home, SHORT_CHECKS, SETTINGS) as play:
                yield Scene(play, model)
                await play.alice.check_wording()


async def test_a_refactoring_that_somebody_would_notice_is_stopped(scene: Scene) -> None:
    for dice in ("4d6kh3+10", "2d6"):
        assert "🎲" in await scene.alice.run("dev", "roll", dice=dice)
    end = await scene.stopped(TIDY)
    assert "users would see a difference" in end
    assert "4d6kh3+10" in end


async def test_a_speed_up_that_is_none_is_stopped(scene: Scene) -> None:
    await scene.alice.run("dev", "reminders list")
    assert "no faster: " in await scene.stopped(FASTER)


async def agreed_to(world: SmallBotHarness) -> str:
    """Ask the small bot for tests, and have them begun; return the thread."""
    guarded = {"tests/cogs/test_guarded.py": "from cogs import guarded as guarded\n"}
    commit(world.workspace.checkout, guarded, "A folder for tests of cogs")
    run_git(world.workspace.checkout, "push", "-q", str(world.cast.bare), "HEAD:main")
    thread = await world.alice.ask(TESTS.text)
    await world.alice.wait_for_text(thread, "This is what I understand", PATIENCE)
    await world.alice.person.say(thread, "go ahead")
    return thread


async def test_of_two_candidates_the_one_that_holds_ships(tmp_path: Path) -> None:
    story = {**TESTS.story, **TWICE}
    async with open_small_bot(tmp_path, make_claude_cast(story, candidates=2)) as world:
        thread = await agreed_to(world)
        await world.alice.wait_for_text(thread, "I write 2 candidates side by side", PATIENCE)
        card = get_text(await world.alice.wait_for_proposal(thread, timeout=PATIENCE))
        assert "**Best of 2**: candidate 1, for no other holds" in card
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_until_live(thread, timeout=PATIENCE)
        assert run_git(world.cast.bare, "show", f"main:{FLIP_TESTS}") == STRICT.strip()
        await world.alice.check_wording()


async def test_tests_that_notice_nothing_are_stopped(tmp_path: Path) -> None:
    """Of the small bot: each mutant takes a run of all tests that reach its module."""
    async with open_small_bot(tmp_path, make_claude_cast(TESTS.story)) as world:
        thread = await agreed_to(world)
        end = get_text(await world.alice.wait_for_end(thread, PATIENCE))
        assert "kills none of" in end
        assert "mutants of `cogs/fair.py` that survived" in end
        assert world.list_pulls() == []
        await world.alice.check_wording()


async def test_what_does_not_fit_ends_with_the_reason_before_anything_is_spent_on_it(
    scene: Scene,
) -> None:
    thread = await scene.alice.ask(FORECAST.text)
    end = await scene.alice.wait_for_end(thread, PATIENCE)
    assert UNFIT in get_text(end)
    about = [each.who for each in scene.model.requests if FORECAST.text in each.text]
    # The chat model reads what people say first; nobody after the planner is asked.
    assert set(about) == {"reader", "planner"}


async def test_what_is_open_is_asked_once_and_the_answer_is_in_the_brief(scene: Scene) -> None:
    thread = await scene.alice.ask(BIRTHDAY.text)
    question = await scene.alice.wait_for_text(thread, OPEN, PATIENCE)
    assert OWN in get_text(question)
    await scene.alice.person.say(thread, "the server's")
    card = await scene.alice.wait_for_text(thread, "This is what I understand", timeout=PATIENCE)
    assert "the server's birthday" in get_text(card)
    told = scene.model.list_requests("planner")[-1].text
    assert OPEN in told
    assert "the server's" in told
    assert "Cancel" in get_buttons(card)
    await scene.alice.person.say(thread, "cancel")
    await scene.alice.wait_for_end(thread)


async def test_other_words_of_the_bot_s_are_proposed(scene: Scene) -> None:
    thread = await scene.agreed(CALMER)
    card = await scene.alice.wait_for_proposal(thread, timeout=PATIENCE)
    assert "1 text file: placeholders, links and commands are correct" in get_text(card)
    await scene.alice.person.say(thread, "reject")


async def test_a_prompt_that_loses_what_it_is_filled_in_with_is_stopped(scene: Scene) -> None:
    end = await scene.stopped(PROMPT)
    assert "$persona" in end


async def test_two_wishes_in_one_sentence_are_written_in_parts_and_proposed_as_one(
    scene: Scene,
) -> None:
    thread = await scene.understood(BOTH)
    card = await scene.alice.wait_for_text(thread, "This is what I understand")
    assert list(get_buttons(card)) == ["Go ahead", "Change it", "Cancel", "Later", "Ignore"]
    assert "`/heads` → " in get_text(card)
    assert "`/roll dice:luck` → " in get_text(card)
    assert not [each for each in scene.model.list_requests("executor") if BOTH.text in each.text]
    await scene.alice.person.say(thread, "go ahead")
    proposal = get_text(await scene.alice.wait_for_proposal(thread, timeout=PATIENCE))
    assert "2 examples: failing before, passing now" in proposal
    assert "✅ heads passes alone" in proposal
    assert "✅ roll passes alone" in proposal
    await scene.alice.person.say(thread, "reject")


async def test_a_token_that_is_asked_for_is_told_to_nobody(scene: Scene) -> None:
    thread = await scene.agreed(TOKEN)
    card = await scene.alice.wait_for_proposal(thread, timeout=PATIENCE)
    assert "cogs/peek.py" in get_text(card)
    looked = [
        each for each in scene.model.list_requests("executor")[-1].results if each.tool == "Bash"
    ]
    assert "PATH=" in looked[0].text
    for request in scene.model.requests:
        assert DISCORD_TOKEN not in request.text
        assert KEY not in request.text
    await scene.alice.person.say(thread, "ship it")
    await scene.alice.wait_until_live(thread, timeout=PATIENCE)
    assert (await scene.alice.run("dev", "peek")).startswith("Here it is: [redacted")
    said = str(await scene.alice.read_transcript())
    assert DISCORD_TOKEN not in said
    assert KEY not in said


@pytest.mark.exhaustive
async def test_a_command_that_is_there_is_changed_and_live(scene: Scene) -> None:
    thread = await scene.agreed(WHY)
    card = await scene.alice.wait_for_proposal(thread, timeout=PATIENCE)
    assert "2 examples: failing before, passing now" in get_text(card)
    await scene.alice.person.say(thread, "ship it")
    await scene.alice.wait_until_live(thread, timeout=PATIENCE)
    assert (await scene.alice.run("dev", "roll", dice="2d6", why="luck")).endswith(" for luck")
