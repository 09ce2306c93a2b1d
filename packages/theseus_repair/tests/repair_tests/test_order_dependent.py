"""A test that passes only after others speaks against no edit."""

from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS, write
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.order_dependent import OrderIndependentRunner
from theseus_repair.runner import TimeLimits

pytestmark = pytest.mark.usefixtures("few_plugins")

LIMITS = TimeLimits(10, 3, 30)
SHOP = """\
STOCK = {}


def put(name, count):
    STOCK[name] = STOCK.get(name, 0) + count


def price(count, each, discount=0):
    return count * each + discount
"""
TESTS = """\
import shop


def test_stock_is_filled():
    shop.put("pears", 3)
    assert shop.STOCK == {"pears": 3}


def test_stock_is_still_there():
    assert shop.STOCK["pears"] == 3
    assert shop.price(2, 5) == 10


def test_no_discount():
    assert shop.price(3, 5) == 15


def test_discount():
    assert shop.price(3, 5, 2) == 13


def test_more_discount():
    assert shop.price(4, 5, 7) == 13
"""
ALONE = "test_shop.py::test_stock_is_still_there"


def shop_in(folder: Path) -> None:
    write(folder, {"shop.py": SHOP, "test_shop.py": TESTS, "pyproject.toml": PYTEST_OPTIONS})


@pytest.mark.slow
async def test_a_fix_is_found_beside_a_test_that_passes_only_after_another(tmp_path: Path) -> None:
    shop_in(tmp_path)
    test = "pytest test_shop.py::test_discount"
    report = await repair(tmp_path, test, seconds=20, clock=MachineClock())
    assert "+    return count * each - discount" in report.diff
    assert f"`{ALONE}` fails when it runs alone, with or without an edit" in report.explanation


async def test_it_is_dropped_and_what_an_edit_breaks_is_not(tmp_path: Path) -> None:
    shop_in(tmp_path)
    guards = [ALONE, "test_shop.py::test_no_discount"]
    broken = {"shop.py": SHOP.replace("count * each", "count + each")}
    async with ForkingRunner(tmp_path) as forking:
        runner = OrderIndependentRunner(forking, guards, {"shop.py": SHOP}, LIMITS)
        fails = await runner.run(guards, broken, LIMITS)
        assert [record.test for record in fails.failures] == guards[1:]
        assert runner.left_out == ((ALONE, "fails when it runs alone, with or without an edit"),)
        assert (await runner.run([ALONE], broken, LIMITS)).is_passing
        assert (await runner.run(guards, {"shop.py": SHOP}, LIMITS)).is_passing
