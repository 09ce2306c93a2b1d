"""Which bot people name, and what they say about it."""

import pytest

from bot.grammar.target_names import find_target_names

BOTS = ("welcome-bot", "music", "welcome")


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("in welcome-bot, /hi fails", ["welcome-bot"], "/hi fails"),
        ("fix hi of the welcome bot", ["welcome-bot"], "fix hi"),
        ("Welcome Bot: /hi is broken", ["welcome-bot"], "/hi is broken"),
        ("/hi of welcome_bot crashes", ["welcome-bot"], "/hi crashes"),
        ("/hi geht im welcome-bot nicht", ["welcome-bot"], "/hi geht nicht"),
        ("repariere hi vom Welcome Bot", ["welcome-bot"], "repariere hi"),
        ("beim Welcome-Bot stürzt /hi ab", ["welcome-bot"], "stürzt /hi ab"),
        ("répare hi du welcome bot", ["welcome-bot"], "répare hi"),
        ("the music bot is slow", ["music"], "is slow"),
        ("der Musicbot ist kaputt", ["music"], "ist kaputt"),
        ("in music, /play fails", ["music"], "/play fails"),
        ("/play fails in music", ["music"], "/play fails"),
        ("add a /bye command to the welcome bot", ["welcome-bot"], "add a /bye command to"),
        ("/help fails in the music bot and in welcome-bot", ["music", "welcome-bot"], None),
        ("the welcome message is broken", [], None),
        ("welcome back!", [], None),
        ("/welcome is broken", [], None),
        ("/music play crashes", [], None),
        ("play music in the lobby", [], None),
        ("the traceback is in welcome-bot.py", [], None),
        ("see bots/welcome-bot/main", [], None),
        ("my-welcome-bot fails", [], None),
        ("the bot is broken", [], None),
        ("", [], None),
    ],
)
def test_a_bot_is_found_by_its_name(text: str, names: list[str], rest: str | None) -> None:
    found = find_target_names(text, BOTS)
    assert list(found.names) == names
    if rest is not None:
        assert found.rest == rest
    if not names:
        assert found.rest == text


def test_a_longer_name_covers_a_shorter_one() -> None:
    names = ("welcome-bot", "welcome-bot-2")
    assert find_target_names("welcome-bot-2 fails", names).names == ("welcome-bot-2",)
    assert find_target_names("welcome-bot fails", names).names == ("welcome-bot",)


def test_long_texts_take_little_time() -> None:
    text = "in the welcome " * 20_000
    assert find_target_names(text, BOTS).names == ()
