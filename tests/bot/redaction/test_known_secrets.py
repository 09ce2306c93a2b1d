"""What the bot itself was configured with leaves in no form at all."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_observe.redaction import forget_secret, redact, redact_value, register_secret

VALUE = "Zw/q+0 rk" + "ä'7\"Bm\\X&2=="
PLAIN = "correcthorsebatterystaple"


@pytest.fixture(params=[VALUE, PLAIN])
def known(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a value that is guarded while the test runs."""
    value: str = request.param
    assert register_secret("GATE KEY", value)
    yield value
    forget_secret(value)


def forms(value: str) -> dict[str, str]:
    """Return the value as it may be written, by the name of the form."""
    raw = value.encode()
    return {
        "plain": value,
        "percent": quote(value, safe=""),
        "percent, lower": quote(value, safe="").lower() if value == PLAIN else quote(value),
        "every letter": "".join(f"%{byte:02x}" for byte in raw),
        "form": quote_plus(value),
        "json": json.dumps({"x": value}),
        "json in json": json.dumps(json.dumps({"x": value})),
        "json, unicode": json.dumps({"x": value}, ensure_ascii=False),
        "repr": repr({"x": value}),
        "html": html.escape(value),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "backwards": value[::-1],
        "zero-width": "\u200b".join(value),
        "soft hyphen": "\u00ad".join(value),
        "lines": value[:6] + "\n" + value[6:],
        "spelled out": " ".join(value),
        "with dashes": "-".join(value),
        "quoted lines": "> " + value[:8] + "\n> " + value[8:],
        **{f"base64 at {n}": base64.b64encode(b"x" * n + raw + b"yz").decode() for n in range(4)},
        **{f"urlsafe {n}": base64.urlsafe_b64encode(b"-" * n + raw).decode() for n in range(3)},
    }


def test_it_is_taken_out_in_every_form(known: str) -> None:
    pieces = [known[:5], known[-5:]]
    for name, text in forms(known).items():
        out = redact(f"it was {text} and more")
        assert "[redacted:" in out, (name, out)
        assert not any(piece in out for piece in pieces), (name, out)
        assert text not in out, name
        assert redact(out) == out, name


def test_the_mark_says_which(known: str) -> None:
    assert redact(f"it was {known}!") == "it was [redacted:gate_key]!"


def test_it_is_taken_out_of_values_and_their_names(known: str) -> None:
    assert redact_value({known: [known, 1]}) == {"[redacted:gate_key]": ["[redacted:gate_key]", 1]}


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_stands_around_it(before: str, after: str) -> None:
    register_secret("gate", PLAIN)
    out = redact(f"{before}{PLAIN}{after}")
    forget_secret(PLAIN)

    assert PLAIN not in out


def test_a_forgotten_one_is_a_word_again() -> None:
    register_secret("gate", PLAIN)
    forget_secret(PLAIN)

    assert redact(PLAIN) == PLAIN


@pytest.mark.parametrize("value", ["", "   ", "seven77"])
def test_short_values_are_not_guarded(value: str) -> None:
    assert not register_secret("gate", value)
    assert redact(f"it was {value} then") == f"it was {value} then"


def test_the_longer_of_two_goes_first() -> None:
    register_secret("short", PLAIN)
    register_secret("long", PLAIN + "extra1")
    out = redact(f"x {PLAIN}extra1 y")
    forget_secret(PLAIN)
    forget_secret(PLAIN + "extra1")

    assert out == "x [redacted:long] y"
