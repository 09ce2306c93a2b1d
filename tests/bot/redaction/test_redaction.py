"""No secret passes, and other text is not changed."""

import base64
import importlib.util
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from theseus_observe.redaction import (
    _secret_names,
    _secret_shapes,
    redact,
    redact_stream,
    redact_value,
)


def _load_corpus() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus", Path(__file__).parent / "corpus.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


corpus = _load_corpus()
SEEDS = (1, 2, 3)
PIECES = st.sampled_from(
    [
    "password", "=", ":", " ", '"', "'", "\\", "token", "secret", "hunter2", "://", "@",
    "/", "%3A", "%40", "a.b", "example.com", "Bearer ", "Authorization", "Cookie: ", "{",
    "}", ",", ";", "&", "-----BEGIN PRIVATE" + " KEY-----",
    "-----END PRIVATE" + " KEY-----", "\n", "[redacted:token]", "--", "api_key",
    "Ab3dEf6hIj9lMn2pQr5t", "x=1", "\x1b[31m",
    "ghp_" + "x7Kd2" * 7, "\\x00", "\0", "\uf8ff", "is ", "\\n", "%22", "%3D", "None",
    ]
)  # fmt: skip
NOISE = st.lists(PIECES, max_size=16).map("".join) | st.text(max_size=200)


def test_at_least_995_of_1000_planted_secrets_are_caught() -> None:
    planted: Counter[str] = Counter()
    leaked: list[tuple[str, str]] = []
    for seed in SEEDS:
        for group, line, secret in corpus.secrets(seed):
            planted[group] += 1
            if secret in redact(line):
                leaked.append((group, redact(line)))

    assert sum(planted.values()) > 3_000
    assert len(leaked) / sum(planted.values()) <= 0.005, leaked[:40]


def test_not_one_ordinary_line_in_two_hundred_is_touched() -> None:
    lines = [line for seed in SEEDS for line in corpus.ordinary(seed)]

    touched = [(line, redact(line)) for line in lines if redact(line) != line]

    assert len(lines) > 700
    assert len(touched) / len(lines) <= 0.005, touched


@given(NOISE)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)

    assert redact(once) == once


def test_planted_secrets_stay_redacted_the_second_time() -> None:
    for _, line, _ in corpus.secrets(4):
        assert redact(redact(line)) == redact(line)


KEYS = (
    "ghp_" + "x7Kd2" * 7, "AKIA" + "Q3RT" * 4, "xoxb-" + "81726-" * 5, "npm_" + "Zk4pQ" * 7,
    "sk-ant-" + "api03-" + "b9Lw" * 12, "eyJ" + "hbGciOiJI" + ".eyJzdWIiOiIx." + "q7Rf" * 9,
)  # fmt: skip
SPELLINGS: dict[str, Callable[[str], str]] = {
    "after a line break in JSON": lambda key: json.dumps(f"first\n{key}\nlast"),
    "after a tab in a repr": lambda key: repr(f"a\t{key}"),
    "after a line break in an address": lambda key: f"x%0A{key}",
    "after an escaped letter": lambda key: json.dumps(f"\xe9{key}"),
    "after bytes": lambda key: repr(f"\xe9{key}".encode()),
    "coloured": lambda key: f"\x1b[1;31m{key}\x1b[0m",
    "coloured in JSON": lambda key: json.dumps(f"\x1b[31m{key}\x1b[0m"),
    "coloured, without the escape": lambda key: f"[31m{key}[0m",
    "a match in it coloured": lambda key: f"{key[:12]}\x1b[31m{key[12:]}\x1b[0m",
    "with NULs between": lambda key: "\0".join(key),
    "UTF-16 in a repr": lambda key: repr(key.encode("utf-16-le")),
    "UTF-16 in base64": lambda key: base64.b64encode(key.encode("utf-16-le")).decode(),
    "with combining marks": lambda key: "\u0301".join(key),
    "with blank Braille": lambda key: "\u2800".join(key),
    "hexadecimal with colons": lambda key: key.encode().hex(":"),
    "hexadecimal with blanks": lambda key: key.encode().hex(" "),
    "octal": lambda key: "".join(f"\\{ord(each):03o}" for each in key),
    "entities that do not end": lambda key: "".join(f"&#x{ord(each):x}" for each in key),
    "long escapes": lambda key: "".join(f"\\U{ord(each):08x}" for each in key),
    "escapes in braces": lambda key: "".join(f"\\u{{{ord(each):x}}}" for each in key),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_however_a_program_writes_a_key_down_it_is_found(spelling: str) -> None:
    for key in KEYS:
        written = SPELLINGS[spelling](key)
        told = redact(f"it said {written} then")
        assert "[redacted:" in told, told
        assert key[-11:] not in told
        assert written not in told
        assert redact(told) == told


def test_what_is_no_json_is_not_written_out_with_a_secret_in_it() -> None:
    key = KEYS[0]
    told = redact_value(
        {"path": Path("/srv") / key, "error": ValueError(key), (key, 1): 2, key.encode(): 3}
    )
    assert key not in str(told)
    kept = {"at": datetime(2026, 1, 1, tzinfo=UTC), "path": Path("/srv/bot"), ("a", 1): None}
    assert redact_value(kept) == kept


def test_what_is_put_in_place_says_the_kind() -> None:
    make = corpus.Maker(5)
    keys = corpus.vendor_keys(make)

    assert redact(f"using {keys['github']} now") == "using [redacted:github_token] now"
    assert redact("postgres://app:pw1@db/x") == "postgres://[redacted:credentials]@db/x"
    assert redact("password=hunter2") == "password=[redacted:password]"
    assert redact("write to bob@example.com") == "write to [redacted:email]"


def test_fields_are_redacted_by_their_names_and_the_rest_by_content() -> None:
    make = corpus.Maker(6)
    value = {
        "password": "x",
        "api_key": ["a", "b"],
        "headers": {"Authorization": "anything", "Accept": "text/html"},
        "pairs": [("Authorization", "short")],
        "token": None,
        "tokens_in": 120,
        "note": f"key {corpus.vendor_keys(make)['aws']}",
        "nested": [{"client_secret": {"value": "s"}}],
        "raw": b"password=hunter2",
        "n": 1.5,
    }

    assert redact_value(value) == {
        "password": "[redacted:password]",
        "api_key": ["[redacted:key]", "[redacted:key]"],
        "headers": {"Authorization": "[redacted:authorization]", "Accept": "text/html"},
        "pairs": [("Authorization", "[redacted:authorization]")],
        "token": None,
        "tokens_in": 120,
        "note": "key [redacted:aws_key]",
        "nested": [{"client_secret": {"value": "[redacted:secret]"}}],
        "raw": "password=[redacted:password]",
        "n": 1.5,
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | NOISE,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["a", "password", "token", "user", "x-api-key"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_values_stay_json_and_redact_to_themselves(value: Any) -> None:
    once = redact_value(value)

    json.dumps(once)
    assert redact_value(once) == once


def test_a_very_deep_value_is_cut_off() -> None:
    value: Any = "leaf"
    for _ in range(5_000):
        value = [value]

    assert "[redacted:depth]" in json.dumps(redact_value(value))


@pytest.mark.parametrize("kind", ["RSA ", "", "OPENSSH ", "ENCRYPTED "])
def test_a_stream_leaves_out_a_key_over_many_lines(kind: str) -> None:
    key, body = corpus.private_key(corpus.Maker(7), kind)
    text = f"before\nkey: {key}\nafter password=hunter2\n"

    lines = list(redact_stream(text.splitlines(keepends=True)))

    assert lines == [
        "before\n", "key: [redacted:private_key]\n", "after password=[redacted:password]\n"
    ]  # fmt: skip
    assert not any(part in "".join(lines) for part in body)


def test_a_key_whose_end_never_comes_hides_its_lines_and_not_the_log_after_it() -> None:
    key, body = corpus.private_key(corpus.Maker(8))
    cut = "\n".join(key.splitlines()[:-2]) + "\n2026-11-21 [info] the roll was 7, all is well\n"

    streamed = "".join(redact_stream(cut.splitlines(keepends=True)))

    for out in (streamed, redact(cut)):
        assert not any(part in out for part in body[:-1])
        assert "the roll was 7" in out


def _repeats(parsed: Any, inside: int = 1) -> Iterator[int]:
    """The most times each repeated part of a pattern can run from one starting point."""
    for code, argument in parsed:
        if str(code) in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, body = argument
            yield inside * int(most)
            yield from _repeats(body, inside * int(most))
        elif str(code) == "SUBPATTERN":
            yield from _repeats(argument[-1], inside)
        elif str(code) == "BRANCH":
            for branch in argument[1]:
                yield from _repeats(branch, inside)
        elif str(code) in ("ASSERT", "ASSERT_NOT"):
            yield from _repeats(argument[1], inside)


def _patterns() -> dict[str, re.Pattern[str]]:
    from theseus_observe.redaction import _redact as _redaction

    found = {f"shape {i}": shape.pattern for i, shape in enumerate(_secret_shapes.SHAPES)}
    for module in (_secret_names, _redaction):
        for name, thing in vars(module).items():
            if isinstance(thing, re.Pattern):
                found[name] = thing
    return found


@pytest.mark.parametrize("name", list(_patterns()))
def test_every_pattern_does_a_bounded_amount_of_work_from_each_start(name: str) -> None:
    parsed = re._parser.parse(_patterns()[name].pattern)  # type: ignore[attr-defined]

    assert max(_repeats(parsed), default=1) <= 100_000


BITS = (
    "a@", "@", "://a:", "://", "password", "password=", 'password="', "token ",
    "\\", "eyJ", "eyJa.", "-----BEGIN PRIVATE" + " KEY-----", "-----BEGIN ", "M",
    "Bearer ", "cookie:a=", "secret secret", "=", "a=b;", "\n",
    "token is ", "--a-", "'", '"', "%41", "\\u0041", "QUJD", "cGFzc3dvcmQ9eA", "4a", "\u200ba",
    "&#65;", "\x1b[1m", "\\x00", "61:", "webhooks%2f\n", "\u200b\n", "aB3" * 25 + "\n", "%25",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("bit", BITS)
def test_a_megabyte_made_to_hurt_is_got_through(bit: str) -> None:
    text = (bit * (1_000_000 // len(bit)))[:1_000_000]

    assert isinstance(redact(text), str)
