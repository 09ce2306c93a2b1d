"""Tests collected once for all candidates: the verdicts are those of a run from the start."""

import asyncio
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.baseline import collect_outcomes
from theseus_repair.behaviour import BehaviourComparison
from theseus_repair.engine import collect_most
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.runner import TimeLimits

pytestmark = pytest.mark.usefixtures("few_plugins")

SHORT = TimeLimits(test_seconds=10, cpu_seconds=0.5, seconds=30)
TEST = "test_shop.py"
SUBJECT = """\
import functools

TABLE = {}


def entry(function):
    TABLE[function.__name__] = function
    return function


@entry
def total(prices, start=0):
    return sum(prices[1:], start)


def scaled(factor):
    def scale(value):
        return value * factor + 1

    return scale


double = scaled(2)


@functools.lru_cache
def tax(value):
    return value * 2


RATE = tax(4)


def numbers():
    yield 1
    yield 3


PENDING = numbers()


class Cart:
    size = 3

    def __init__(self):
        self.prices = [1, 2]

    @property
    def total(self):
        return total(self.prices)


EMPTY = Cart()


def later():
    return [price - 1 for price in (1, 2)]
"""
TESTS = """\
import pytest
import shop
from subject import EMPTY, PENDING, RATE, TABLE, Cart, double, later, tax, total


@pytest.fixture(scope="module")
def cart():
    return Cart()


def test_total():
    assert total([1, 2]) == 3


def test_table():
    assert TABLE["total"]([1, 2], start=1) == 4


def test_elsewhere():
    assert shop.bill([1, 2]) == "3 in all"


def test_property(cart):
    assert (cart.total, EMPTY.total, cart.size) == (3, 3, 3)


@pytest.mark.parametrize("value", [1, 4])
def test_made_by_another(value):
    assert double(value) == value * 2


def test_tax():
    assert (tax(4), tax(5), RATE) == (12, 15, 12)


def test_pending():
    assert list(PENDING) == [1, 2]


def test_later():
    assert later() == [1, 2]
"""
SHOP = """\
import gc

from subject import total


def bill(prices):
    return f"{total(prices)} in all"


gc.freeze()
"""
# The edit, and whether it needs a run from the start to see its effect.
EDITS = {
    "a function that a table and other modules keep": ("prices[1:]", "prices", False),
    "one more line, so that all below move": ("    return sum(", "    1\n    return sum(", False),
    "what a function made at import does": ("factor + 1", "factor", False),
    "a comprehension": ("price - 1", "price", False),
    "a function that raises": ("sum(prices[1:], start)", "prices.total", False),
    "a default": ("start=0", "start=1", True),
    "what a class keeps": ("size = 3", "size = 4", True),
    "what ran at import": ("value * 2", "value * 3", True),
    "what makes a function": ("    return scale", "    return lambda value: value", True),
    "what was begun at import": ("yield 3", "yield 2", True),
    "what made an object at import": ("[1, 2]\n\n", "[0, 3]\n\n", True),
    "a decorator": ("TABLE[function.__name__] = function", "pass", True),
}  # fmt: skip


def lay_out(folder: Path, **files: str) -> Path:
    plain = {"subject": SUBJECT, "shop": SHOP, "test_shop": TESTS}
    for name, text in {**plain, **files}.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    return folder


async def collected(runner: ForkingRunner) -> str:
    first = await runner.run([TEST], {}, SHORT, modules=True)
    await runner.preload(first.modules, project=first.project, changing=["subject.py"])
    tests = [record.test for record in first.records]
    return await runner.collect(tests, ["subject.py"])


async def test_a_candidate_is_judged_as_from_the_start_and_from_the_start_where_it_must_be(
    tmp_path: Path,
) -> None:
    lay_out(tmp_path)
    async with ForkingRunner(tmp_path) as runner:
        assert await collected(runner) == ""
        for name, (old, new, needed) in EDITS.items():
            assert SUBJECT.count(old) == 1, name
            texts = {"subject.py": SUBJECT.replace(old, new)}
            before = runner.counts["collected"]
            quick, slow = await asyncio.gather(
                runner.run([TEST], texts, SHORT), runner.run([TEST], texts, SHORT, fresh=True)
            )
            assert collect_outcomes(quick) == collect_outcomes(slow), name
            assert quick.code == slow.code, name
            assert (runner.counts["collected"] == before) == needed, name
        # What is configured may be prepared after what is collected.
        for _ in range(50):
            if not runner.counts["configured"]:
                await runner.run([TEST], {"subject.py": f"{SUBJECT}MORE = 1\n"}, SHORT)
        assert runner.counts["configured"]


async def test_calls_are_made_again_as_from_the_start_and_what_differs_from_it_tells_nothing(
    tmp_path: Path,
) -> None:
    # What is drawn while modules are imported stays so for all that fork after it.
    drawn = "import uuid\nDRAWN = uuid.uuid4().hex\n\n\ndef token(prices):\n    return DRAWN\n"
    subject = f"{SUBJECT}\n{drawn}"
    tests = f"{TESTS}\n\ndef test_token():\n    from subject import token\n    assert token([1])\n"
    lay_out(tmp_path, subject=subject, test_shop=tests)
    mended = subject.replace("prices[1:]", "prices").replace("return DRAWN", "return DRAWN + ''")
    async with ForkingRunner(tmp_path) as runner:
        assert await collected(runner) == ""
        before = runner.counts["collected"]
        failing = frozenset({f"{TEST}::test_total"})
        comparison = BehaviourComparison(runner, {"subject.py": subject}, [TEST], failing, SHORT)
        (behaviour,) = await comparison.compare([{"subject.py": mended}])
        assert runner.counts["collected"] - before == 3  # recorded, as it is, as it would be
        texts = {"subject.py": mended}
        calls = [call for call in comparison.calls if call.name == "total"]
        anew = await runner.replay_calls(calls, [TEST], texts, SHORT, fresh=True)

    hows = {
        call.name: end.how for call, end in zip(comparison.calls, behaviour.outcomes, strict=True)
    }
    assert (hows["total"], hows["token"]) == ("answer", "unknown")
    assert anew == behaviour.outcomes[: len(anew)]


async def test_guards_that_read_the_source_do_not_keep_the_reproduction_from_being_collected(
    tmp_path: Path,
) -> None:
    reading = "TEXT = open('subject.py').read()\n\n\ndef test_it():\n    assert TEXT\n"
    lay_out(tmp_path, test_reading=reading)
    async with ForkingRunner(tmp_path) as runner:
        first = await runner.run([TEST], {}, SHORT, modules=True)
        await runner.preload(first.modules, project=first.project, changing=["subject.py"])
        await collect_most(runner, [TEST], ["test_reading.py::test_it"], ["subject.py"])
        right = SUBJECT.replace("prices[1:]", "prices")
        judged = await runner.run([f"{TEST}::test_total"], {"subject.py": right}, SHORT)
    assert judged.is_passing
    assert runner.counts["collected"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "word"),
    [
        ("from threading import Event, Thread\nThread(target=Event().wait).start()\n", "thread"),
        ("KEPT = open(__file__ + '.log', 'w')\n", "opened"),
        ("import subprocess\nKEPT = subprocess.Popen(['sleep', '60'])\n", "process"),
        ("TEXT = open(__file__).read()\n", "read"),
        ("import inspect\nTEXT = inspect.getsource(later)\n", "read"),
        ("import sys\nsys.setprofile(None)\n", "traces"),
        ("COPY = type(later)(later.__code__.replace(co_name='copy'), {})\n", "copy"),
    ],
)  # fmt: skip
async def test_where_forking_would_not_be_safe_nothing_is_collected(
    tmp_path: Path, subject: str, word: str
) -> None:
    lay_out(tmp_path, subject=f"{SUBJECT}\n{subject}")
    async with ForkingRunner(tmp_path) as runner:
        assert word in await collected(runner)
        right = f"{SUBJECT}\n{subject}".replace("prices[1:]", "prices")
        judged = await runner.run([f"{TEST}::test_total"], {"subject.py": right}, SHORT)

    assert judged.is_passing
    assert runner.counts["collected"] == 0


@pytest.mark.slow
async def test_what_computes_where_no_signal_is_heard_is_ended_and_the_next_is_judged(
    tmp_path: Path,
) -> None:
    lay_out(tmp_path)
    async with ForkingRunner(tmp_path) as runner:
        await collected(runner)
        endless = SUBJECT.replace("sum(prices[1:], start)", "sum(iter(int, 1))")
        late = await runner.run([f"{TEST}::test_total"], {"subject.py": endless}, SHORT)
        swallowing = SUBJECT.replace(
            "    return sum(prices[1:], start)",
            "    while True:\n        try:\n            pass\n        except:\n            pass",
        )
        swallowed = await runner.run([f"{TEST}::test_total"], {"subject.py": swallowing}, SHORT)
        right = {"subject.py": SUBJECT.replace("prices[1:]", "prices")}
        again = await runner.run([f"{TEST}::test_total"], right, SHORT)

    assert late.late
    assert late.tried == 1
    assert swallowed.failed_late
    assert again.is_passing


@pytest.mark.slow
async def test_where_the_process_that_collected_dies_the_verdict_comes_all_the_same(
    tmp_path: Path,
) -> None:
    lay_out(tmp_path)
    killing = "import os, signal\n    os.kill(os.getppid(), signal.SIGKILL)\n    return sum(prices)"
    async with ForkingRunner(tmp_path) as runner:
        await collected(runner)
        texts = {"subject.py": SUBJECT.replace("return sum(prices[1:], start)", killing)}
        await runner.run([f"{TEST}::test_total"], texts, SHORT)
        right = {"subject.py": SUBJECT.replace("prices[1:]", "prices")}
        again = await runner.run([f"{TEST}::test_total"], right, SHORT)

    assert again.is_passing
