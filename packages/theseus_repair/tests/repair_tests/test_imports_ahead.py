"""Modules that no candidate changes are imported once, with equal verdicts and no leftovers."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair._fork_imports import find_child_modules
from theseus_repair.baseline import collect_outcomes, measure_baseline, preload_imports
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.model import Texts
from theseus_repair.request import RepairRequest
from theseus_repair.runner import TimeLimits

SHORT = TimeLimits(test_seconds=5, cpu_seconds=0.5, seconds=30)
TEST = "test_shop.py"
# Who imports it writes that down: one line an import.
STEADY = """\
from pathlib import Path

KEPT = []

with Path(__file__).with_name("imports").open("a") as file:
    file.write("once more\\n")
"""
SUBJECT = """\
import steady


def total(prices):
    return sum(prices[1:])
"""
SHOP = """\
def bill(prices):
    from subject import total

    return f"{total(prices)} in all"
"""
TESTS = """\
import shop
import steady
import subject


def test_total():
    assert subject.total([1, 2]) == 3


def test_bill():
    assert shop.bill([1, 2]) == "3 in all"


def test_nothing_kept():
    assert steady.KEPT == []
"""
MENDED = SUBJECT.replace("[1:]", "")
CANDIDATES = {
    "as it is": SUBJECT,
    "leaves something behind": MENDED + "\nsteady.KEPT.append(1)\n",
    "an error": SUBJECT.replace("sum(prices[1:])", "prices.total"),
    "no Python": SUBJECT + "\nif\n",
    "without an end": SUBJECT.replace("    return", "    while True:\n        pass\n    return"),
    "mended": MENDED,
}


def laid_out(folder: Path, files: Mapping[str, str]) -> Path:
    plain = {"steady.py": STEADY, "subject.py": SUBJECT, "shop.py": SHOP, TEST: TESTS}
    for name, text in {**plain, "pyproject.toml": PYTEST_OPTIONS, **files}.items():
        (folder / name).write_text(text)
    return folder


async def judged(runner: ForkingRunner, texts: Texts) -> set[tuple[str, str, str]]:
    return collect_outcomes(await runner.run([TEST], texts, SHORT))


async def ahead(runner: ForkingRunner, *, changing: str = "subject.py") -> None:
    first = await runner.run([TEST], {}, SHORT, modules=True)
    await runner.preload(first.modules, project=first.project, changing=[changing])


async def test_nothing_of_one_candidate_is_left_for_the_next(tmp_path: Path) -> None:
    imports = laid_out(tmp_path, {}) / "imports"
    async with ForkingRunner(tmp_path) as runner:
        await ahead(runner)
        imports.write_text("")
        leaving = await runner.run(
            [TEST], {"subject.py": CANDIDATES["leaves something behind"]}, SHORT
        )
        mended = await runner.run([TEST], {"subject.py": MENDED}, SHORT)

    assert [record.test for record in leaving.failures] == [f"{TEST}::test_nothing_kept"]
    assert mended.is_passing
    assert imports.read_text() == ""


@pytest.mark.slow
async def test_candidates_are_judged_alike_with_and_without_what_is_imported_ahead(
    tmp_path: Path,
) -> None:
    imports = laid_out(tmp_path, {}) / "imports"
    async with ForkingRunner(tmp_path) as runner:
        without = {n: await judged(runner, {"subject.py": t}) for n, t in CANDIDATES.items()}
        each_time = len(imports.read_text().splitlines())
        await ahead(runner)
        imports.write_text("")
        with_it = {n: await judged(runner, {"subject.py": t}) for n, t in CANDIDATES.items()}

    assert with_it == without
    assert len({frozenset(each) for each in without.values()}) == len(CANDIDATES)
    assert each_time == len(CANDIDATES)
    assert imports.read_text() == ""


@pytest.mark.slow
async def test_a_text_in_place_of_what_was_imported_ahead_counts_all_the_same(
    tmp_path: Path,
) -> None:
    laid_out(tmp_path, {"subject.py": MENDED})
    async with ForkingRunner(tmp_path) as runner:
        await ahead(runner)
        kept = await runner.run([TEST], {"steady.py": STEADY.replace("[]", "[1]")}, SHORT)
        again = await runner.run([TEST], {}, SHORT)

    assert [record.test for record in kept.failures] == [f"{TEST}::test_nothing_kept"]
    assert again.is_passing


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        "import importlib\nimportlib.import_module('sub' + 'ject')\n",
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
    ],
    ids=["a module that finds the candidate in its own way", "a module with a thread"],
)
async def test_where_it_is_not_safe_to_fork_nothing_is_imported_ahead(
    tmp_path: Path, more: str
) -> None:
    imports = laid_out(tmp_path, {"shop.py": more + SHOP}) / "imports"
    (tmp_path / "apart.py").write_text(more)
    (tmp_path / TEST).write_text(f"import apart\n{TESTS}")
    async with ForkingRunner(tmp_path) as runner:
        await ahead(runner)
        imports.write_text("")
        mended = await runner.run([TEST], {"subject.py": MENDED}, SHORT)

    assert mended.is_passing
    assert len(imports.read_text().splitlines()) == 1


@pytest.mark.slow
async def test_a_project_that_sets_something_up_before_it_imports_keeps_its_verdicts(
    tmp_path: Path,
) -> None:
    laid_out(
        tmp_path,
        {
            "conftest.py": "import os\nos.environ['KEPT'] = ''\n",
            "steady.py": "import os\nKEPT = list(os.environ.get('KEPT', 'nothing'))\n",
        },
    )
    request = RepairRequest(tmp_path, (f"{TEST}::test_total", f"{TEST}::test_nothing_kept"))
    async with ForkingRunner(tmp_path) as runner:
        base = await measure_baseline(request, runner)
        await preload_imports(request, base, {"subject.py": SUBJECT}, runner)
        mended = await runner.run([TEST], {"subject.py": MENDED}, SHORT)

    assert mended.is_passing


def test_a_module_is_left_to_the_children_if_it_needs_a_changing_file_in_any_way(
    tmp_path: Path,
) -> None:
    sources = {
        "pack/__init__.py": "",
        "pack/changed.py": "",
        "pack/from_beside.py": "from . import changed",
        "pack/by_name.py": "from pack.changed import value",
        "pack/late.py": "def f():\n    import pack.changed",
        "pack/in_words.py": "EXTENSIONS = ('pack.changed',)",
        "pack/in_steps.py": "from pack.late import f",
        "pack/inner/__init__.py": "from .. import changed",
        "pack/inner/inside.py": "",
        "pack/alone.py": "import pack\nfrom . import other\nfrom json import loads",
        "pack/other.py": "TEXT = 'pack.changed is told of here'",
    }
    for path, text in sources.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    names = {p.removesuffix(".py").removesuffix("/__init__").replace("/", "."): p for p in sources}
    left = find_child_modules(list(names.items()), ["pack/changed.py"], str(tmp_path))

    assert set(names) - left == {"pack", "pack.alone", "pack.other"}
    assert find_child_modules(list(names.items()), [], str(tmp_path)) == set()
