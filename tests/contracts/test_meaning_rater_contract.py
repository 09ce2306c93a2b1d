"""What every meaning rater promises, on the fake and the packaged encoder."""

from collections.abc import AsyncIterator

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sentence_encoder import SentenceEncoder, find_encoder
from bot.domain.meanings import MOST, MeaningUnavailable
from bot.ports.meaning_rater import MeaningRater
from tests.fakes.fake_meaning_rater import FakeMeaningRater

QUESTION = "the quiz loads no questions"
TRIVIA, DICE = "trivia fetch question", "dice roll two"


@pytest.fixture(params=["fake", pytest.param("encoder", marks=pytest.mark.slow)])
async def rater(request: pytest.FixtureRequest) -> AsyncIterator[MeaningRater]:
    if request.param == "fake":
        yield FakeMeaningRater("quiz trivia", "dice roll")
        return
    try:
        model = find_encoder()
    except MeaningUnavailable as error:
        pytest.skip(str(error))
    async with SentenceEncoder(model, PlainSandbox(), seconds=60) as encoder:
        yield encoder


async def test_closer_meanings_have_higher_rates_whatever_else_is_compared(
    rater: MeaningRater,
) -> None:
    hostile = ["", "\ud800", "\0", '"}\n{"rates": [1]}', "🎲" * 10_000]
    rates = await rater.rate(QUESTION, [DICE, TRIVIA, QUESTION, *hostile])
    assert len(rates) == 3 + len(hostile)
    assert rates[0] < rates[1] < rates[2]
    assert all(-1 <= each <= 1 for each in rates)
    assert await rater.rate(QUESTION, [DICE, TRIVIA]) == rates[:2]


async def test_nothing_is_close_to_nothing_and_too_much_is_refused(rater: MeaningRater) -> None:
    assert await rater.rate(QUESTION, []) == ()
    with pytest.raises(MeaningUnavailable):
        await rater.rate(QUESTION, ["dice"] * (MOST + 1))
    assert rater.description
