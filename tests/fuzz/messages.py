"""Messages of people: what is asked, decided, rolled back, and until when."""

from contextlib import ExitStack
from pathlib import Path

from bot.authority.end_times import parse_end_time
from bot.domain.errors import TheseusError
from bot.domain.intents import Setting
from bot.grammar import parse
from tests.fakes.fake_clock import FakeClock
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, build_text_case

SEEDS = (
    "ship it", "security reviewed, ship #12 please", "stop everything until friday 18:00",
    "/roll crashes on 0d6: it says “list index out of range”", "roll back the dice cog",
    "please add a /coinflip command that shows heads or tails, and tests for it",
    "why did you do that? what does it cost today?", "yes", "2", "der Würfel ist kaputt, repariere ihn",
    "no, revise it: use a set instead of a list. but do not ship it", "forget me",
    "骰子坏了", "ça ne marche plus <@123> :tada: <#5> `x`", "undo run k7m2xq", "quiet for two hours",
)  # fmt: skip
SETTINGS = (
    Setting(addressed=True, dev_channel=True, listed=True), Setting(in_thread=True, listed=True),
    Setting(), Setting(reply_to="proposal", listed=True), Setting(reply_to="error"),
    Setting(addressed=True, has_chat_model=True), Setting(addressed=True, is_text_only=False),
)  # fmt: skip


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: a message in one of the settings, and a time out of it."""
    now = FakeClock().now()

    def hear(data: bytes) -> None:
        choices = Choices(data)
        setting = choices.choose(SETTINGS)
        text = build_text_case(choices.rest, SEEDS)[:4_000]  # Discord allows no more
        parse(text, setting)
        try:
            parse_end_time(text, now)
        except TheseusError:
            return  # it asks for a time it can read

    return hear
