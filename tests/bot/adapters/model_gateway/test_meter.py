"""What an answer used is read from its bytes, however they are split, broken or made up."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.model_gateway._usage import LONGEST, Meter
from bot.budget.prices import Usage
from tests.support.gateway_room import make_events
from tests.twins.model._responses import encode_event

STREAM = b"".join(make_events(1_234, 567, text="data: {} \n\n event: message_stop \u2028 🙂"))


def metered(*pieces: bytes, streams: bool = True) -> Meter:
    """Return a meter that has seen these."""
    meter = Meter(streams=streams)
    for piece in pieces:
        meter.feed(piece)
    meter.end()
    return meter


def split(text: bytes, places: list[int]) -> list[bytes]:
    """Cut a text at these places."""
    cuts = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[begin:end] for begin, end in pairwise(cuts)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_a_stream_may_be_split_anywhere_and_end_its_lines_anyhow(
    places: list[int], end: bytes
) -> None:
    text = STREAM.replace(b"\n", end)
    meter = metered(*split(text, places))
    assert meter.usage == Usage(input_tokens=1_234, output_tokens=567)
    assert (meter.complete, meter.failed) == (True, "")
    assert meter.written == metered(text).written


@given(st.integers(0, len(STREAM)))
def test_a_stream_that_breaks_off_anywhere_is_not_complete(place: int) -> None:
    whole = STREAM.rstrip()
    meter = metered(whole[:place])
    assert meter.complete == (whole[:place] == whole)
    assert meter.usage is None or meter.usage.tokens_in == 1_234


@given(st.binary(max_size=2_000))
def test_anything_at_all_may_come(noise: bytes) -> None:
    for streams in (True, False):
        assert metered(noise, streams=streams).usage is None or b"usage" in noise


@given(st.lists(st.integers(0, 200), max_size=8))
def test_a_whole_answer_is_read_too(places: list[int]) -> None:
    usage = {
        "input_tokens": 5,
        "output_tokens": 7,
        "cache_read_input_tokens": 11,
        "cache_creation_input_tokens": 13,
        "service_tier": "standard",
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 9},
    }
    text = json.dumps({"content": [{"text": '{"usage": 3}'}], "usage": usage}).encode()
    meter = metered(*split(text, places), streams=False)
    assert meter.usage == Usage(
        input_tokens=5,
        output_tokens=7,
        cache_read_input_tokens=11,
        cache_creation_input_tokens=13,
        ephemeral_1h_input_tokens=9,
    )
    assert meter.complete


@pytest.mark.parametrize("wrong", [None, -1, 1.5, "9", True, [], {}])
def test_counts_that_are_none_are_not_taken(wrong: object) -> None:
    usage = {"input_tokens": wrong, "output_tokens": 3}
    assert metered(encode_event("message_delta", {"usage": usage})).usage == Usage(output_tokens=3)


def test_counts_are_sums_and_never_fall() -> None:
    meter = metered(
        *make_events(100, 50), encode_event("message_delta", {"usage": {"output_tokens": 1}})
    )
    assert meter.usage == Usage(input_tokens=100, output_tokens=50)


def test_an_error_in_the_stream_is_told_by_its_type() -> None:
    error = encode_event("error", {"error": {"type": "overloaded_error", "message": "usage"}})
    meter = metered(*make_events()[:3], error)
    assert (meter.failed, meter.complete) == ("overloaded_error", False)


def test_what_the_model_writes_is_nothing_the_provider_says() -> None:
    text = '"type": "message_delta", "usage": {"output_tokens": 9}} data: {"type": "error"}'
    delta = {"type": "text_delta", "text": text}
    meter = metered(encode_event("content_block_delta", {"index": 0, "delta": delta}))
    assert (meter.usage, meter.failed, meter.complete) == (None, "", False)
    assert len(text) <= meter.written <= len(text) + 60


def test_a_line_without_end_is_not_kept() -> None:
    meter = Meter(streams=True)
    for _ in range(9):
        meter.feed(b"data: usage" + b"x" * (LONGEST // 4))
    assert len(meter._rest) <= LONGEST
    meter.feed(b"\n" + STREAM)
    assert meter.usage == Usage(input_tokens=1_234, output_tokens=567)
