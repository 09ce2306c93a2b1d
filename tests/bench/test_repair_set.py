"""The repair set is read, fits its packages, and its answers are judged by their whole suites."""

import hashlib
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from bench.repair_cases import Case, Package, is_same_code, plant_case, read_set, unpack
from bench.repair_set import CaseResult, build_rows, choose_cases, parse_passed_tests
from bot.domain.errors import ConfigError

SET = read_set()
CASE = Case(
    name="shop-mut-1", package="shop", operator="by hand", file="shop.py", line=2, column=17,
    was="*", now="+", test="tests/test_shop.py::test_price",
)  # fmt: skip
SOURCE = "def price(count, each):\n    return count * each\n"
SUITE = """from shop import price


def test_price():
    assert price(3, 4) == 12


def test_nothing_costs_nothing():
    assert price(0, 4) == 0
"""


@pytest.fixture
def package(tmp_path: Path) -> tuple[Package, Path]:
    """Return a package that the index could have, and its source distribution."""
    folder = tmp_path / "made" / "shop-1.0"
    (folder / "tests").mkdir(parents=True)
    (folder / "shop.py").write_text(SOURCE, encoding="utf-8")
    (folder / "tests" / "test_shop.py").write_text(SUITE, encoding="utf-8")
    archive = tmp_path / "shop-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, arcname=folder.name)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Package(name="shop", version="1.0", sha256=sha256, tests="tests"), archive


def test_the_set_is_of_many_packages_and_kinds_and_half_of_it_is_set_apart() -> None:
    assert len(SET.packages) >= 8
    assert {each.package for each in SET.cases} == set(SET.packages)
    assert len({each.name for each in SET.cases}) == len(SET.cases) >= 80
    assert len({each.operator.split("_")[0] for each in SET.cases}) >= 10
    halves = Counter(each.half for each in SET.cases)
    assert min(halves.values()) > len(SET.cases) / 3
    assert all(each.was != each.now and each.test.split("::")[0] for each in SET.cases)


def test_of_a_few_cases_each_package_has_its_share() -> None:
    few = choose_cases("b", len(SET.packages))
    assert {each.half for each in few} == {"b"}
    assert max(Counter(each.package for each in few).values()) <= 2
    assert choose_cases("b", None, [few[0].name]) == [few[0]]


def test_a_case_is_laid_out_as_a_repository_of_one_commit(
    package: tuple[Package, Path], tmp_path: Path
) -> None:
    tree = unpack(package[1], package[0], tmp_path / "tree")
    plant_case(CASE, tree)
    assert (tree / "shop.py").read_text() == SOURCE.replace("*", "+")
    assert (tree / ".git").is_dir()


def test_an_archive_that_was_packed_again_and_an_edit_that_does_not_fit_are_refused(
    package: tuple[Package, Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="sha256"):
        unpack(package[1], package[0].replace(sha256="0" * 64), tmp_path / "tree")
    with pytest.raises(ValueError, match=r"does not stand at shop\.py:2:16"):
        CASE.replace(column=16).plant_in(SOURCE)
    with pytest.raises(ValueError, match="does not stand"):
        CASE.replace(line=9, was="").plant_in(SOURCE)


def test_comments_and_layout_are_no_difference() -> None:
    assert is_same_code(SOURCE, SOURCE.replace("count * each", "(count  *  each)  # cents"))


def test_another_operator_and_no_python_are_differences() -> None:
    assert not is_same_code(SOURCE, SOURCE.replace("*", "+"))
    assert not is_same_code(SOURCE, "def")


def test_rows_tell_each_half_and_each_label() -> None:
    done = [
        CaseResult(CASE, "right", "proven", 4.0),
        CaseResult(CASE, "wrong", "plausible", 8.0, ("tests/test_shop.py::test_price",)),
        CaseResult(CASE, "none", "", 60.0),
    ]
    half = f"half {CASE.half}"
    assert {each.name: (each.ours, each.baseline) for each in build_rows(done)} == {
        "all: right (1 wrong, 1 none; 8 s)": (1, 3),
        f"{half}: right (1 wrong, 1 none; 8 s)": (1, 3),
        "  proven: right (all; 4 s)": (1, 1),
        "  plausible: right (1 wrong; 8 s)": (0, 1),
    }


def test_arguments_that_each_run_numbers_anew_are_the_same_test() -> None:
    first, second = (
        [f"PASSED tests.py::test_it[4-expected{number}-%C]", f"PASSED tests.py::test_it[v{other}]"]
        for number, other in ((3, 1), (14, 2))
    )

    assert parse_passed_tests(first) == parse_passed_tests(
        [*second, "FAILED tests.py::test_it[v2]"]
    )
    assert parse_passed_tests(first) - parse_passed_tests(second[:1]) == {"tests.py::test_it[v]": 1}
