"""Failures that a file shows: an error's id or a traceback, in whatever surrounds them."""

from datetime import timedelta

import pytest

from bot.domain.journal import Capsule, FailureGroup
from bot.grammar.failure_attachments import find_attached_failure
from tests.fakes.fake_clock import FakeClock
from tests.support.failures import make_capsule, make_failure

CLOCK = FakeClock()


def group(error: Capsule, name: str, age: int = 0) -> FailureGroup:
    newest = make_failure(CLOCK, error, name=name)
    at = newest.ts - timedelta(hours=age)
    return FailureGroup(
        fingerprint=error.fingerprint,
        event=newest.event,
        count=1,
        first_seen=at,
        last_seen=at,
        newest=newest,
        action_ids=(newest.id,),
    )


def error_in(function: str, line: int, exception: str = "KeyError") -> Capsule:
    mark = f"{function}{line}{exception}"
    return make_capsule(
        exception=exception, file="cogs/stock.py", function=function, line=line, fingerprint=mark
    )


ROLL = group(make_capsule(), "roll")
PRICE = group(error_in("Stock.price", 31), "price")
OTHER_LINE = group(error_in("Stock.price", 12), "price")
OTHER_TYPE = group(error_in("Stock.price", 31, "ValueError"), "price")
TOTAL = group(error_in("Stock.total", 31), "total")
FAILURES = (ROLL, OTHER_TYPE, TOTAL, OTHER_LINE, PRICE)
FOLDER = "/home/ada/bot/"
LIBRARY = '  File "/usr/lib/python3.13/json/decoder.py", line 9, in decode\n    x()\n'


def trace(
    *, folder: str = FOLDER, line: int = 31, after: str = "", last: str = "KeyError: 'ACME'"
) -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "/x/.venv/lib/discord/app_commands/commands.py", line 858, in _do_call\n'
        "    return await self._callback(self.binding, interaction, **params)\n"
        "           ^^^^^^^^^^^^^^\n"
        f'  File "{folder}cogs/stock.py", line {line}, in price\n'
        "    return PRICES[name]\n"
        f"{after}{last}\n"
    )


WRAPPED = (
    "\nThe above exception was the direct cause of the following exception:\n\n"
    "Traceback (most recent call last):\n"
    '  File "/x/.venv/lib/discord/app_commands/tree.py", line 1, in call\n    x()\n'
    "discord.app_commands.errors.CommandInvokeError: Command 'price' raised an exception\n"
)


@pytest.mark.parametrize(
    "text",
    [
        trace(),
        trace(folder=""),
        trace(folder="C:/bots/").replace("cogs/", "cogs\\").replace("C:/", "C:\\"),
        trace().replace("\n", "\r\n"),
        trace(last="KeyError"),
        trace(after=LIBRARY),
        trace() + WRAPPED,
        f"2026-11-25 10:00:00 INFO begins\n2026-11-25 10:00:01 ERROR fails\n{trace()}"
        "2026-11-25 10:00:02 INFO goes on\n",
        f"{trace(last='RuntimeError: /roll is broken')}\n{trace()}",
        f"look:\nError id `{PRICE.newest.id[-8:]}`",
        f"error id: {PRICE.newest.id}",
    ],
    ids=map(str, range(11)),  # the texts contain an id that differs in each process
)
def test_a_traceback_or_an_error_id_shows_its_failure(text: str) -> None:
    assert find_attached_failure(text, FAILURES) == PRICE.newest.id


def test_a_line_that_moved_shows_the_most_recent_failure_of_its_function() -> None:
    assert find_attached_failure(trace(line=40), FAILURES) == OTHER_LINE.newest.id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/roll is broken, fix it\n",
        "KeyError in cogs/stock.py",
        "Traceback (most recent call last):",
        trace(last="TypeError: no"),
        trace().replace("in price", "in sell"),
        trace(folder="/x/my"),  # mycogs/stock.py
        trace(last="and then it was cut off by somebody"),
        "Error id `zzzzzzzz`",
    ],
)
def test_what_fits_no_failure_shows_none(text: str) -> None:
    assert find_attached_failure(text, FAILURES) is None
