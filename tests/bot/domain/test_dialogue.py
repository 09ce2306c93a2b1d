"""Comments on a proposal: praise asks for nothing, anything else is processed."""

import pytest

from bot.domain.dialogue import is_praise


@pytest.mark.parametrize(
    "text",
    ["LGTM", "looks good to me, thanks!", "Nice work :)", "ship it", "👍", "", "ok, approved."],
)
def test_praise_asks_for_nothing(text: str) -> None:
    assert is_praise(text)


@pytest.mark.parametrize(
    "text",
    [
        "also handle d0",
        "nit: rename this",
        "looks good, but what of zero?",
        "please don't ship it",
        "not good",
        "good good good good good good good good good",
    ],
)
def test_anything_else_is_heard(text: str) -> None:
    assert not is_praise(text)
