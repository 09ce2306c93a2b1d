"""Effects of candidates besides the failing call: repeated calls, harm, rivals, labels."""

from pathlib import Path

import pytest
from repair_tests.fake_clock import FakeClock
from repair_tests.one_module import OneModule
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.behaviour import Behaviour, BehaviourComparison, find_touched_functions
from theseus_repair.clock import MachineClock
from theseus_repair.command import repair
from theseus_repair.engine import repair_tree
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.model import Label, Texts
from theseus_repair.report import RepairReport
from theseus_repair.request import RepairRequest
from theseus_repair.runner import FunctionPlace, TimeLimits

pytestmark = pytest.mark.usefixtures("few_plugins")

LIMITS = TimeLimits(5, 5, 20)
SPLIT = """\
def words(text, sep=" ", maxsplit=None):
    if maxsplit is None:
        return text.split(sep)
    return text.split(sep, maxsplit)
"""
SPLIT_TESTS = """\
from subject import words


def test_one():
    assert words("a b c", " ", 1) == ["a", "b c"]
"""


def laid(folder: Path, text: str, tests: str) -> Path:
    (folder / "subject.py").write_text(text)
    (folder / "test_subject.py").write_text(tests)
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    return folder


async def behaviours(
    folder: Path, text: str, tests: str, *others: str, failing: frozenset[str] = frozenset()
) -> list[Behaviour]:
    """Return what these other texts of the module change."""
    async with ForkingRunner(laid(folder, text, tests)) as runner:
        comparison = BehaviourComparison(
            runner, {"subject.py": text}, ["test_subject.py"], failing, LIMITS
        )
        return await comparison.compare([{"subject.py": other} for other in others])


async def repaired(folder: Path, *, accept: Label = "proven", apply: bool = False) -> RepairReport:
    return await repair(
        folder, "pytest test_subject.py", seconds=20, accept=accept, apply=apply,
        clock=MachineClock(),
    )  # fmt: skip


async def test_a_candidate_that_breaks_the_call_without_the_option_is_seen_to(
    tmp_path: Path,
) -> None:
    """Its tests all pass: none of them leaves the option out."""
    flipped = SPLIT.replace("maxsplit is None", "maxsplit == 0")

    (changes,) = await behaviours(tmp_path, SPLIT, SPLIT_TESTS, flipped)

    assert ("words('a b c', ' ')", "raises TypeError") in {
        (call.call, call.after) for call in changes.broken
    }


async def test_calls_of_passing_tests_and_calls_like_them_are_told_apart(tmp_path: Path) -> None:
    text = "def double(number):\n    return number * 2\n"
    tests = "from subject import double\n\n\ndef test_two():\n    assert double(2)\n"

    (changes,) = await behaviours(tmp_path, text, tests, text.replace("* 2", "** 2 + 1"))

    assert [(call.call, call.before, call.after) for call in changes.changed] == [
        ("double(2)", "4", "5")
    ]
    assert ("double(3)", "6", "10") in {
        (call.call, call.before, call.after) for call in changes.moved
    }
    assert changes.broken == ()


async def test_a_method_a_generator_and_an_argument_that_is_changed_are_compared(
    tmp_path: Path,
) -> None:
    text = (
        "class Cart:\n    def __init__(self, limit=1):\n        self.items = []\n\n"
        "    def add(self, item):\n        self.items.append(item)\n\n\n"
        "def upto(end):\n    for number in range(end):\n        yield number\n\n\n"
        "def put(items, item):\n    items.append(item)\n"
    )
    tests = (
        "from subject import Cart, put, upto\n\n\n"
        "def test_all():\n    Cart().add(1)\n    assert list(upto(2))\n    put([], 3)\n"
    )
    other = (
        text.replace("self.items.append(item)", "self.items.insert(0, item + 1)")
        .replace("yield number", "yield number + 1")
        .replace("    items.append(item)", "    items.append(-item)")
        .replace("self.items = []", "self.items = limit")
    )

    (changes,) = await behaviours(tmp_path, text, tests, other)

    # A function without a result exists for its effect on its arguments.
    names = {call.call.partition("(")[0] for call in changes.changed}
    assert names == {"Cart.__init__", "Cart.add", "upto", "put"}


DEEDS = (
    "Path(name).write_text('gone')",
    "Path(name).unlink()",
    "os.rmdir(name)",
    "os.system(f'touch {name}')",
    "subprocess.run(['touch', name])",
    "socket.create_connection(('127.0.0.1', 9), 1)",
    "os.kill(os.getppid(), 9)",
    "shutil.rmtree(name)",
    "sqlite3.connect(name)",
    "open(os.open(name, os.O_CREAT | os.O_WRONLY), 'w')",
    "ctypes.CDLL(None)",
    "os.fork()",
)


COROUTINES = (
    "Path(name).write_text('gone')",
    "await asyncio.to_thread(os.rmdir, name)",
    "await asyncio.create_subprocess_exec('touch', name)",
    "await asyncio.open_connection('127.0.0.1', 9)",
    "asyncio.get_running_loop().add_signal_handler(9, print)",
    "await asyncio.gather(asyncio.get_running_loop().run_in_executor(None, os.rmdir, name))",
)


@pytest.mark.parametrize(
    ("deeds", "kind"),
    [(DEEDS[:6], ""), (DEEDS[6:], ""), (COROUTINES, "async ")],
    ids=["first", "second", "coroutines"],
)
async def test_a_call_that_does_more_than_compute_is_not_made_again(
    tmp_path: Path, deeds: tuple[str, ...], kind: str
) -> None:
    """A neighbour of a path is another path: that must never be written to, or removed."""
    text = "import asyncio, ctypes, os, shutil, socket, sqlite3, subprocess\n"
    text += "from pathlib import Path\n"
    calls = ""
    for number, deed in enumerate(deeds):
        text += (
            f"\n\n{kind}def act{number}(name, real=False):\n    if real:\n        return 1\n"
            f"    try:\n        {deed}\n    except Exception:\n        return 2\n    return 3\n"
        )
        call = f"subject.act{number}({str(tmp_path / 'victim')!r}, True)"
        calls += f"    assert asyncio.run({call})\n" if kind else f"    assert {call}\n"
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "kept").write_text("kept")
    laid(tmp_path, text, f"import asyncio\n\nimport subject\n\n\ndef test_it():\n{calls}")
    before = listing(tmp_path)

    (changes,) = await behaviours(
        tmp_path, text, (tmp_path / "test_subject.py").read_text(), text.replace("3\n", "4\n")
    )

    assert listing(tmp_path) == before
    neighbours = [outcome.how for outcome in changes.outcomes if outcome.text != "1"]
    assert len(neighbours) > len(deeds)
    assert set(neighbours) == {"unknown"}
    assert (changes.broken, changes.moved) == ((), ())


def listing(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if "__pycache__" not in path.parts)


PAUSES = """\
import asyncio


async def doubled(number):
    await asyncio.sleep(86400)
    number *= 2
    async with asyncio.timeout(number):
        await asyncio.sleep(0)
    return number


async def counted(number):
    for each in range(number):
        await asyncio.sleep(1)
        yield each


async def taken(number):
    queue = asyncio.Queue()
    await queue.put(number)
    return await queue.get() + number


async def left(number):
    async def remove():
        try:
            await asyncio.sleep(9)
        finally:
            os.rmdir("victim")

    task = asyncio.create_task(remove())
    await asyncio.sleep(number)
    return number


async def pages(number):
    try:
        yield number
        yield number
    finally:
        os.rmdir("victim")


async def first(number):
    return await anext(pages(number))
"""


async def test_a_coroutine_is_run_to_its_end_in_no_time_and_what_it_leaves_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "victim").mkdir()
    names = ("doubled", "taken", "left", "first")
    asked = "".join(f"    await subject.{name}(3)\n" for name in names)
    tests = (
        "import asyncio\n\nimport subject\n\n\n"
        "async def no_wait(delay):\n    return None\n"
        f"async def ask(patch):\n    patch.setattr(asyncio, 'sleep', no_wait)\n{asked}"
        "    assert [each async for each in subject.counted(2)]\n"
        "def test_all(monkeypatch):\n    asyncio.run(ask(monkeypatch))\n"
    )
    text = f"import os\n{PAUSES}".replace('os.rmdir("victim")', "pass")
    other = text.replace("return number", "return number + 1").replace("yield each", "yield -each")
    other = other.replace("get() + number", "get() - number").replace("pass", 'os.rmdir("victim")')

    (changes,) = await behaviours(tmp_path, text, tests, other)

    assert ("doubled(3)", "6", "7") in {
        (call.call, call.before, call.after) for call in changes.changed
    }
    assert {call.call.partition("(")[0] for call in changes.changed} == {
        "doubled", "taken", "left", "counted"
    }  # fmt: skip
    assert (tmp_path / "victim").exists()


@pytest.mark.slow
async def test_what_never_ends_and_what_is_never_the_same_tells_nothing_wrong(
    tmp_path: Path,
) -> None:
    text = (
        "import itertools\n\n_COUNT = itertools.count()\n\n\n"
        "def wait(number):\n    while number < 2:\n        pass\n    return number\n\n\n"
        "def tick(number):\n    return next(_COUNT) // 1 + id(number)\n"
    )
    tests = "from subject import tick, wait\n\n\ndef test_all():\n    assert wait(2)\n    tick(1)\n"

    other = text.replace("number < 2", "number < 1").replace("// 1", "// 2")
    (changes,) = await behaviours(tmp_path, text, tests, other)

    assert not changes.broken
    assert not changes.changed


def test_the_outermost_functions_whose_lines_differ_are_looked_at() -> None:
    before = (
        "LIMIT = 3\n\n\n@cached\n"
        "def f(a):\n    def inner():\n        return a\n    return inner()\n\n"
        "\nclass C:\n    def g(self):\n        return LIMIT\n\n\ndef h():\n    return 1\n"
    )
    inner = before.replace("return a", "return a + 1")
    constant = before.replace("LIMIT = 3", "LIMIT = 4")

    assert list(find_touched_functions({"m.py": before}, {"m.py": inner})) == [
        FunctionPlace("m.py", 4, "f")
    ]
    assert list(find_touched_functions({"m.py": before}, {"m.py": constant})) == [
        FunctionPlace("m.py", 12, "C.g")
    ]


AREA = "def area(width, height):\n    return width + height\n"


async def test_edits_that_no_test_tells_apart_are_named_with_a_call_that_does(
    tmp_path: Path,
) -> None:
    tests = "from subject import area\n\n\ndef test_it():\n    assert area(3, 0) == 0\n"
    report = await repaired(laid(tmp_path, AREA, tests), apply=True)

    assert not report.repaired
    assert report.label == "plausible"
    rival = report.rivals[0]
    assert rival["this"] != rival["other"]
    assert str(rival["call"]).startswith("area(")
    assert f"`{rival['call']}`: {rival['this']} with this, {rival['other']} with" in (
        report.explanation
    )
    assert report.diff.startswith("--- a/subject.py")
    assert (tmp_path / "subject.py").read_text() == AREA


@pytest.mark.slow
async def test_what_is_plausible_is_applied_where_that_is_accepted_and_its_diff_is_told(
    tmp_path: Path,
) -> None:
    tests = "from subject import area\n\n\ndef test_it():\n    assert area(3, 0) == 0\n"
    report = await repaired(laid(tmp_path, AREA, tests), accept="plausible", apply=True)

    assert report.repaired
    assert report.applied
    assert report.diff.startswith("--- a/subject.py")
    assert (tmp_path / "subject.py").read_text() != AREA


@pytest.mark.slow
async def test_what_tests_tell_from_everything_else_is_proven(tmp_path: Path) -> None:
    tests = (
        "from subject import area\n\n\n"
        "def test_it():\n    assert area(3, 4) == 12\n\n\n"
        "def test_more():\n    assert area(5, 7) == 35 and area(2, 9) == 18\n\n\n"
        "def test_less():\n    assert area(1, 1) == 1 and area(-2, 3) == -6\n"
    )
    report = await repaired(laid(tmp_path, AREA, tests))

    assert (report.repaired, report.label) == (True, "proven")
    assert "+    return width * height" in report.diff


async def test_the_search_goes_on_after_somebody_else_rejects_an_edit(tmp_path: Path) -> None:
    """As the command itself may, when it looks at more than its tests."""
    text = "def first(items):\n    return items[1]\n"
    (tmp_path / "subject.py").write_text(text)
    asked: list[str] = []

    async def accepts(files: Texts) -> bool:
        asked.append(files["subject.py"])
        return "items[0]" in files["subject.py"]

    request = RepairRequest(
        tmp_path, ("call",), written=True, seconds=60, accepts=accepts, write=False
    )
    runner = OneModule(text, {"call": "assert first([3, 4, 3]) == 3"})
    report = await repair_tree(request, runner, FakeClock())

    assert report.files == {"subject.py": text.replace("[1]", "[0]")}
    assert len(asked) > 1


@pytest.mark.parametrize("name", ["test.py", "checks.py"])
async def test_the_file_that_judges_is_never_changed_whatever_it_is_called(
    tmp_path: Path, name: str
) -> None:
    laid(tmp_path, "def f(items):\n    return sorted(items)\n", "")
    (tmp_path / name).write_text(
        "from subject import f\n\n\ndef test_it():\n    assert len(f([2, 1])) == 3\n"
    )
    report = await repair(
        tmp_path, f"pytest {name}", seconds=6, accept="plausible", clock=MachineClock()
    )

    assert name not in report.diff
    assert name not in {each["file"] for each in report.refused}


async def test_an_exception_that_the_failing_test_asks_for_breaks_nothing(tmp_path: Path) -> None:
    text = "def half(number):\n    return number / 2\n"
    tests = (
        "import pytest\n\nfrom subject import half\n\n\n"
        "def test_odd():\n    with pytest.raises(ValueError):\n        half(3)\n\n\n"
        "def test_even():\n    assert half(4) == 2\n"
    )
    strict = text.replace("    return", "    if number % 2:\n        raise ValueError\n    return")

    (changes,) = await behaviours(
        tmp_path, text, tests, strict, failing=frozenset({"test_subject.py::test_odd"})
    )

    assert changes.broken == ()
    assert "half(5)" in {call.call for call in changes.moved}


async def test_an_argument_left_otherwise_is_told_as_that_and_harms_no_answer(
    tmp_path: Path,
) -> None:
    text = "def take(items):\n    return items.pop()\n"
    tests = "from subject import take\n\n\ndef test_it():\n    assert take([1, 2]) == 2\n"

    (changes,) = await behaviours(tmp_path, text, tests, text.replace("items.pop()", "items[-1]"))

    assert changes.changed == ()
    assert ("2", "2, but changes its arguments differently") in {
        (call.before, call.after) for call in changes.moved
    }
