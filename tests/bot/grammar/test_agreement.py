"""A yes or a no to a question with buttons, in words."""

import pytest

from bot.grammar.agreement import agreed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", True),
        ("Yes please, and wait no longer than 5 s", True),
        ("ok", True),
        ("go ahead", True),
        ("please do", True),
        ("fix it", True),
        ("Change our side", True),
        ("no", False),
        ("Leave it", False),
        ("please don't", False),
        ("don\u2019t fix it", False),
        ("not now", False),
        ("not sure", None),
        ("why?", None),
        ("cancel", None),
        ("stop everything", None),
        ("okapi", None),
        ("", None),
    ],
)
def test_how_it_begins_tells(text: str, meant: bool | None) -> None:
    assert agreed(text) is meant
