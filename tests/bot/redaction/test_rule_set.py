"""The rules of gitleaks, and keys of kinds that no rule knows."""

import random
import re
import string
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser has no public name
from typing import Any

import pytest
from theseus_observe.redaction import redact
from theseus_observe.redaction._random_words import is_random
from theseus_observe.redaction._rule_set import RULES, measure_entropy

LETTERS = string.ascii_letters + string.digits
DRAW = random.Random(20261125)
HEX = "0123456789abcdef"


def some(length: int, letters: str = LETTERS) -> str:
    return "".join(DRAW.choices(letters, k=length))


KINDS = {
    "Adafruit": ("ADAFRUIT_IO: '{}'", some(32)),
    "Adobe": ("{}", "p8" + "e-" + some(32)),
    "Alibaba": ("{}", "LT" + "AI" + some(20)),
    "Artifactory": ("{}", "AK" + "Cp" + some(69)),
    "Asana": ("asana_app: {}", some(32, HEX)),
    "Beamer": ("BEAMER_ID={}", "b" + "_" + some(44)),
    "Clojars": ("{}", "CLO" + "JARS_" + some(60, string.ascii_lowercase + string.digits)),
    "Dropbox": ("dropbox = '{}'", some(15, string.ascii_lowercase + string.digits)),
    "Duffel": ("{}", "duf" + "fel_live_" + some(43)),
    "Dynatrace": ("{}", "dt0" + "c01." + some(24) + "." + some(64)),
    "EasyPost": ("{}", "EZ" + "AK" + some(54)),
    "Fastly": ("fastly: '{}'", some(32)),
    "Flutterwave": ("{}", "FLWSECK" + "_TEST-" + some(32, "abcdef0123456789") + "-X"),
    "Frame.io": ("{}", "fi" + "o-u-" + some(64)),
    "Infracost": ("{}", "ic" + "o-" + some(32)),
    "MaxMind": ("{}", some(6) + "_" + some(29) + "_m" + "mk"),
    "Netlify": ("netlify => {}", some(44)),
    "Octopus": ("{}", "AP" + "I-" + some(26, string.ascii_uppercase + string.digits)),
    "Prefect": ("{}", "pn" + "u_" + some(36)),
    "ReadMe": ("{}", "rd" + "me_" + some(70, string.ascii_lowercase + string.digits)),
    "SendinBlue": ("{}", "xkey" + "sib-" + some(64, HEX) + "-" + some(16)),
    "Shippo": ("{}", "ship" + "po_live_" + some(40, HEX)),
    "Sourcegraph": ("{}", "sg" + "p_" + some(16, HEX) + "_" + some(40, HEX)),
    "Heroku": ("HEROKU: {}", "-".join(some(each, HEX) for each in (8, 4, 4, 4, 12))),
    "nobody's": ("use {} for it", "zq" + "v_" + some(36)),
    "nobody's, small": ("use {} for it", some(48, string.ascii_lowercase + string.digits)),
}


@pytest.mark.parametrize("end", ["", ".", ",", ")", "\n"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_any_maker_is_redacted(kind: str, end: str) -> None:
    frame, key = KINDS[kind]

    assert key not in redact(f"see: {frame.format(key)}{end} and go on")


@pytest.mark.parametrize(
    "text",
    [
        "commit 9f3ac27be0d1445e8a6b7c8d9e0f1a2b3c4d5e6f",
        "test_a_wrong_token_is_refused_after_2_hours_and_3_tries",
        "TheRunnerOfTheBehaviourCheckInPython311AndLater",
        "https://docs.google.example/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgVE2upms/edit",
        "https://open.spotify.example/track/4uLU6hMCjMI75M1A2tKUQC?si=4uLU6hMCjMI75M1A2tKUQCab",
        "VGhlIHBhc3N3b3JkIHBvbGljeSBhc2tzIGZvciB0d2VsdmU=",
        "run 01KB3C9QX7W4ZJ2M8T5V6Y1RDE of theseus/fix-roll-2026-11-25-a",
        "heroku and netlify are hosts, cloudflare is in front: 12345678901234567890",
    ],
)
def test_what_is_long_and_no_key_stays(text: str) -> None:
    assert redact(text) == text


def test_random_words_are_told_from_names_nearly_always() -> None:
    keys = [some(32) for _ in range(500)]

    assert sum(is_random(key) for key in keys) >= 0.95 * len(keys)


def test_entropy_is_that_of_the_characters() -> None:
    assert measure_entropy("aaaa") == 0
    assert measure_entropy("abcd") == 2


def _repeats(tree: Any) -> list[Any]:
    found = []
    for operator, argument in tree:
        if operator in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            found.append(argument[1])
        parts = argument if isinstance(argument, tuple | list) else [argument]
        for part in parts:
            for one in part if isinstance(part, list) else [part]:
                if isinstance(one, _parser.SubPattern):
                    found += _repeats(one)
    return found


def test_every_repeat_in_a_rule_has_a_limit() -> None:
    for rule in RULES:
        tree = _parser.parse(rule._pattern, re.ASCII)
        assert _constants.MAXREPEAT not in _repeats(tree), rule._pattern
