"""The cost of a model request, from the usage that the provider reports."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.budget import Price
from bot.domain.cost import Cost

MILLION = 1_000_000
_NO_LONG_PROMPT = 1 << 60
_SEARCH = 0.01
_HOUR = 0.6  # surcharge for an hour in the cache, which costs 2 instead of 1.25 times a token in


class Usage(Record):
    """Tokens as the Messages API counts them: three kinds of input, one of output.

    `ephemeral_1h_input_tokens` are those written to the cache for an hour. Web searches by the
    provider are paid per search.
    """

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cache_read_input_tokens: int = Field(default=0, ge=0)
    cache_creation_input_tokens: int = Field(default=0, ge=0)
    ephemeral_1h_input_tokens: int = Field(default=0, ge=0)
    web_search_requests: int = Field(default=0, ge=0)

    @property
    def tokens_in(self) -> int:
        """All tokens that the model read."""
        return self.input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens


@dataclass(frozen=True)
class _ListPrice:
    """A price, and the price for prompts with more than `above` tokens."""

    price: Price
    above: int = _NO_LONG_PROMPT
    long: Price | None = None

    def select_price(self, tokens_in: int) -> Price:
        return self.long if self.long and tokens_in > self.above else self.price


def _build_list_price(
    tokens_in: float, tokens_out: float, cache_read: float | None = None
) -> _ListPrice:
    """Return a usual price: reading the cache costs a tenth of a token in, writing 1.25 times."""
    return _ListPrice(_build_price(tokens_in, tokens_out, cache_read))


def _build_price(tokens_in: float, tokens_out: float, cache_read: float | None = None) -> Price:
    return Price(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cache_read=tokens_in * 0.1 if cache_read is None else cache_read,
        cache_write=tokens_in * 1.25,
    )


_DEAREST = _build_list_price(15, 75)
# By the beginning of the model's name; an unknown model of a family has the family's price.
# Source: the catalogue in the Claude Code program 2.1.329 (claude-agent-sdk 0.2.186).
_LISTED: Mapping[str, _ListPrice] = {
    "opus": _build_list_price(5, 25),
    "claude-opus": _build_list_price(5, 25),
    "claude-opus-4": _DEAREST,
    "claude-opus-4-5": _build_list_price(5, 25),
    "claude-opus-4-6": _build_list_price(5, 25),
    "claude-opus-4-7": _build_list_price(5, 25),
    "claude-opus-4-8": _build_list_price(5, 25),
    "claude-opus-5-5": _build_list_price(4, 20, 0.2),
    "claude-3-opus": _DEAREST,
    "sonnet": _build_list_price(3, 15),
    "claude-sonnet": _build_list_price(3, 15),
    "claude-sonnet-4": _ListPrice(_build_price(3, 15), 200_000, _build_price(6, 22.5)),
    "claude-3-5-sonnet": _build_list_price(3, 15),
    "claude-3-7-sonnet": _build_list_price(3, 15),
    "claude-sonnet-5": _build_list_price(2, 10),
    "claude-sonnet-5-5": _build_list_price(2, 10, 0.1),
    "haiku": _build_list_price(1, 5),
    "claude-haiku": _build_list_price(1, 5),
    "claude-3-haiku": _build_list_price(0.25, 1.25),
    "claude-3-5-haiku": _build_list_price(0.8, 4),
    "claude-haiku-5-5": _ListPrice(_build_price(0.1, 0.5), 100_000, _build_price(0.5, 2.5)),
}


def find_price(model: str, prices: Mapping[str, Price], tokens_in: int = 0) -> Price:
    """Return a model's price for a prompt of `tokens_in`.

    A configured price is preferred to a built-in one, and that to the highest price. Both are
    matched by the beginning of the name; the longest match applies.
    """
    name = model.lower()
    configured = [begin for begin in prices if begin and name.startswith(begin.lower())]
    if configured:
        return prices[max(configured, key=len)]
    built_in = [begin for begin in _LISTED if name.startswith(begin)]
    return (_LISTED[max(built_in, key=len)] if built_in else _DEAREST).select_price(tokens_in)


def is_listed(model: str, prices: Mapping[str, Price]) -> bool:
    """Return whether the model has a configured or built-in price."""
    name = model.lower()
    return any(begin and name.startswith(begin.lower()) for begin in (*prices, *_LISTED))


def calculate_cost(model: str, usage: Usage, prices: Mapping[str, Price]) -> Cost:
    """Return the cost of this usage."""
    price = find_price(model, prices, usage.tokens_in)
    usd = (
        usage.input_tokens * price.tokens_in
        + usage.output_tokens * price.tokens_out
        + usage.cache_read_input_tokens * price.cache_read
        + usage.cache_creation_input_tokens * price.cache_write
        + usage.ephemeral_1h_input_tokens * price.cache_write * _HOUR
    ) / MILLION + usage.web_search_requests * _SEARCH
    return Cost(cost_usd=usd, tokens_in=usage.tokens_in, tokens_out=usage.output_tokens)
