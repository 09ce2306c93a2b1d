"""A promise is a time within which people are answered; other times are none."""

import pytest

from bot.domain.brief import Brief
from bot.proof.time_limits import find_promised_ms
from tests.fakes.fake_request_planner import FLIPS


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("make /quote answer in under 2 s", 2_000),
        ("it should reply within 500 ms", 500),
        ("answers in less than 1.5 seconds, please. Within a second would be nice", 1_500),
        ("speed up /quote: it must not take more, at most three seconds", 3_000),
        ("load faster than half a second", 500),
        ("add a command that reminds people within 10 seconds", None),
        ("answer with at most 5 quotes", None),
        ("respond within 2 hours", None),
        ("take at most 90 seconds", None),
        ("add a /coinflip command", None),
    ],
)
def test_a_promise_is_heard_in_plain_words(words: str, wanted: float | None) -> None:
    assert find_promised_ms(Brief(request=words, understood="A command.")) == wanted


def test_the_shortest_counts_wherever_it_stands() -> None:
    example = FLIPS.replace(expected="an answer in under 300 ms")
    brief = Brief(request="answer in under 2 s", understood="It answers.", acceptances=(example,))
    assert find_promised_ms(brief) == 300
