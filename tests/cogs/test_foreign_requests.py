"""A request in a language that the grammar does not know, where an encoder is installed."""

from collections.abc import Sequence
from pathlib import Path

from bot.domain.intents import Intent
from bot.domain.meanings import MeaningUnavailable
from bot.intake.meaning_readings import MeaningReadings
from bot.listener.request_examples import KINDS, load_examples
from bot.ports.meaning_rater import MeaningRater
from tests.cogs.test_model_readings import ask
from tests.support.dev_channel import RUN_COGS, open_dev_channel

ODD = "przypomnienia znowu przychodzą podwójnie"


class ChangeRater:
    """Implements `bot.ports.meaning_rater.MeaningRater`: all texts are close to changes."""

    description = "a fake"
    is_broken = False

    async def rate(self, text: str, others: Sequence[str]) -> tuple[float, ...]:
        """Return the rates, or raise the error."""
        if self.is_broken:
            raise MeaningUnavailable("it is not installed")
        assert tuple(others) == load_examples().sentences
        change = KINDS.index(Intent.CHANGE)
        return tuple(0.6 if max(row) == row[change] else 0.0 for row in load_examples().weights)


async def test_it_is_asked_back_with_the_likeliest_kind_first(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as room:
        rater = ChangeRater()
        room.services.add(rater, MeaningRater)
        room.services.build(MeaningReadings)
        answer = await ask(room, ODD)
        assert answer.startswith("What do you mean? I start nothing until you press a button.")
        assert "| Something new or different | Something is broken | A question | Nothing" in answer
        assert "What do you mean?" not in await ask(room, ODD, "mallory")
        rater.is_broken = True
        assert "What do you mean?" not in await ask(room, ODD)
        assert await room.list_runs() == ()
