"""What models cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.budget.prices import Usage, calculate_cost, find_price
from bot.domain.budget import Price
from bot.domain.cost import Cost

OURS = Price(tokens_in=1, tokens_out=2, cache_read=3, cache_write=4)
NAMES = ["claude-opus-5-5", "claude-sonnet-4-6", "claude-haiku-5-5", "opus", "gpt", ""]


@pytest.mark.parametrize(
    ("model", "tokens_in", "tokens_out"),
    [
        ("claude-opus-5-5-20260901", 4, 20),
        ("claude-opus-4-1-20250805", 15, 75),
        ("claude-opus-4-20250514", 15, 75),
        ("claude-opus-4-6", 5, 25),
        ("claude-opus-6", 5, 25),
        ("claude-sonnet-5-5", 2, 10),
        ("claude-sonnet-4-6", 3, 15),
        ("Claude-Haiku-4-5", 1, 5),
        ("haiku", 1, 5),
        ("somebody-elses-model", 15, 75),
        ("", 15, 75),
    ],
)
def test_each_family_has_its_price_and_what_nobody_knows_the_dearest(
    model: str, tokens_in: float, tokens_out: float
) -> None:
    price = find_price(model, {})
    assert (price.tokens_in, price.tokens_out) == (tokens_in, tokens_out)


def test_a_long_prompt_costs_more_where_the_provider_says_so() -> None:
    assert find_price("claude-haiku-5-5", {}, 100_000).tokens_in == 0.1
    assert find_price("claude-haiku-5-5", {}, 100_001).tokens_in == 0.5


def test_reading_the_cache_costs_a_tenth_and_writing_it_a_quarter_more() -> None:
    usual, own = find_price("claude-opus-4-6", {}), find_price("claude-opus-5-5", {})
    assert (usual.cache_read, usual.cache_write) == (0.5, 6.25)
    assert (own.cache_read, own.cache_write) == (0.2, 5.0)


def test_what_is_set_counts_before_what_is_built_in_and_the_longest_first() -> None:
    cheap = OURS.replace(tokens_in=0)
    prices = {"claude": OURS, "claude-sonnet-5": cheap, "": cheap}
    assert find_price("claude-opus-5-5", prices) == OURS
    assert find_price("claude-sonnet-5-5", prices) == cheap
    assert find_price("else", prices).tokens_in == 15


def test_each_kind_of_token_has_its_own_price() -> None:
    usage = Usage(
        input_tokens=1_000_000,
        output_tokens=1_000_000,
        cache_read_input_tokens=1_000_000,
        cache_creation_input_tokens=1_000_000,
    )
    spent = calculate_cost("any", usage, {"any": OURS})
    assert spent == Cost(cost_usd=10.0, tokens_in=3_000_000, tokens_out=1_000_000)
    kept = usage.replace(ephemeral_1h_input_tokens=500_000)
    assert calculate_cost("any", kept, {"any": OURS}).cost_usd == pytest.approx(11.2)


@given(st.sampled_from(NAMES), *[st.integers(0, 10**9)] * 4)
def test_more_tokens_never_cost_less(model: str, a: int, b: int, c: int, d: int) -> None:
    usage = Usage(
        input_tokens=a,
        output_tokens=b,
        cache_read_input_tokens=c,
        cache_creation_input_tokens=d,
    )
    more = usage.replace(output_tokens=b + 1, input_tokens=a + 1)
    assert 0 <= calculate_cost(model, usage, {}).cost_usd < calculate_cost(model, more, {}).cost_usd
