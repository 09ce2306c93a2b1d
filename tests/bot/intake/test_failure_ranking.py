"""Failures that a report may mean are ordered by meaning, and never become certain by it."""

from pathlib import Path

import pytest

from bot.domain.meanings import MeaningUnavailable, combine_orders
from bot.domain.people import Place
from bot.domain.run import Trigger
from bot.infra.injector import Injector
from bot.intake.work_decisions import WorkDecision
from bot.ports.meaning_rater import MeaningRater
from tests.fakes.fake_meaning_rater import FakeMeaningRater
from tests.support.agent_harness import ALICE, DEV, GUILD, AgentHarness, make_capsule, make_failure
from tests.support.intake_harness import IntakeHarness

QUIZ = "quiz night is ruined, nothing comes any more"


class Scene:
    """A bot whose trivia, ban and forecast commands have failed."""

    def __init__(self, folder: Path, rater: FakeMeaningRater | None) -> None:
        self.world, injector = AgentHarness(folder), Injector()
        if rater is not None:
            injector.add(rater, MeaningRater)
        for name, file in (("trivia", "trivia"), ("ban", "moderation"), ("forecast", "weather")):
            capsule = make_capsule(file=f"cogs/{file}.py", function="fetch", fingerprint=name)
            self.world.journal.append(make_failure(self.world.clock, capsule, name=name))
        self.intake = IntakeHarness(self.world.create_agent(injector=injector))

    async def decide(self, text: str) -> WorkDecision:
        trigger = Trigger(
            key=text, goal="fix", person=ALICE, text=text,
            place=Place(channel_id=DEV, guild_id=GUILD), is_verbatim=True, subject=text,
            at=self.world.clock.now(),
        )  # fmt: skip
        return await self.intake.work.decide(trigger)

    async def list_choices(self, text: str) -> list[str]:
        """Return the names on the buttons of the answer; nothing has started."""
        decision = await self.decide(text)
        assert decision.answer is not None
        return [each.name.partition(":")[0] for each in decision.answer.diagnosis.choices]


async def test_a_report_in_other_words_is_asked_back_with_the_failure_that_is_closest(
    tmp_path: Path,
) -> None:
    rater = FakeMeaningRater("quiz trivia", "throw ban")
    assert await Scene(tmp_path, rater).list_choices(QUIZ) == ["/trivia"]
    assert rater.asked == [QUIZ]
    assert await Scene(tmp_path / "none", None).list_choices(QUIZ) == []


async def test_however_close_a_failure_is_nothing_starts(tmp_path: Path) -> None:
    rater = FakeMeaningRater("ban trivia forecast quiz")
    choices = await Scene(tmp_path, rater).list_choices(QUIZ)
    assert set(choices) == {"/trivia", "/ban", "/forecast"}


async def test_what_the_words_say_for_certain_is_not_compared(tmp_path: Path) -> None:
    rater = FakeMeaningRater("crashes trivia")
    decision = await Scene(tmp_path, rater).decide("/ban crashes")
    assert decision.answer is None
    assert decision.failure is not None
    assert decision.failure.newest.name == "ban"
    assert rater.asked == []


@pytest.mark.parametrize("text", ["/poll crashes all the time", "/ban should have a reason field"])
async def test_another_typed_command_or_a_change_means_no_failure(
    tmp_path: Path, text: str
) -> None:
    rater = FakeMeaningRater("crashes reason trivia")
    assert await Scene(tmp_path, rater).list_choices(text) == []


async def test_without_an_answer_the_words_alone_decide(tmp_path: Path) -> None:
    rater = FakeMeaningRater("quiz trivia")
    rater.failure = MeaningUnavailable("it has ended")
    scene = Scene(tmp_path, rater)
    assert await scene.list_choices(QUIZ) == []
    choices = await scene.list_choices("the weather or moderation stuff is odd")
    assert set(choices) == {"/forecast", "/ban"}


def test_orders_are_fused_by_rank() -> None:
    assert combine_orders("abc", "bad") == ("a", "b", "c", "d")
    assert combine_orders("abc", "cb") == ("c", "b", "a")
    assert combine_orders([], "aab") == ("a", "b")
