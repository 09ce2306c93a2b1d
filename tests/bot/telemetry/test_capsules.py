"""Capsules: from an exception to what a failing test needs."""

import asyncio
import importlib.util
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from theseus_observe.failures.capsules import MAX_FRAMES
from theseus_observe.failures.causes import find_root_cause

from bot.domain.journal import Capsule
from bot.telemetry.observation import build_capsule

SOURCE = """
import json

class Dice:
    def __init__(self, sides):
        self.sides = sides

    def face(self, number, *rest, name="d", password="hunter2", **more):
        return [1, 2, 3][number]

    async def roll(self, number):
        return self.face(number, 7, name="six", extra=[1])

def parse(text):
    return json.loads(text)

def chained(text):
    try:
        return parse(text)
    except ValueError as error:
        raise RuntimeError("bad text") from error

def deep(number):
    return deep(number + 1)

def outer(number):
    def inner(left):
        return left / 0
    return inner(number)

def wrapped(text):
    __tracebackhide__ = True
    return parse(text)

def asking(text):
    return wrapped(text)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project's folder with one module."""
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs" / "dice.py").write_text(SOURCE)
    return tmp_path


def load(path: Path) -> ModuleType:
    """Import a file."""
    spec = importlib.util.spec_from_file_location(f"planted.{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dice(root: Path) -> ModuleType:
    """Return the project's module."""
    return load(root / "cogs" / "dice.py")


def failure(call: Callable[[], object]) -> BaseException:
    """Return what the call raises."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001  # any of them is wanted
        return error
    raise AssertionError("nothing was raised")


def caught(call: Callable[[], object], root: Path) -> Capsule:
    """Return the capsule of what the call raises."""
    return build_capsule(
        failure(call), root=root, redact=lambda text: text.replace("hunter2", "[x]")
    )


def test_it_holds_the_projects_frames_with_their_arguments(dice: ModuleType, root: Path) -> None:
    found = caught(lambda: asyncio.run(dice.Dice(6).roll(9)), root)
    assert (found.exception, found.message) == ("IndexError", "list index out of range")
    assert [(f.file, f.function) for f in found.frames] == [
        ("cogs/dice.py", "Dice.roll"),
        ("cogs/dice.py", "Dice.face"),
    ]
    inner = found.innermost
    assert inner is not None
    assert (inner.line, inner.module) == (9, "planted.dice")
    assert inner.arguments == {
        "number": "9",
        "name": "'six'",
        "rest": "(7,)",
        "more": "{'extra': [1]}",
    }
    assert inner.opaque == ("self", "password")


def test_frames_of_libraries_are_left_out(dice: ModuleType, root: Path) -> None:
    found = caught(lambda: dice.parse("{"), root)
    assert found.exception == "json.decoder.JSONDecodeError"
    assert [frame.function for frame in found.frames] == ["parse"]
    library = root / ".venv" / "lib"
    library.mkdir(parents=True)
    (library / "dice.py").write_text(SOURCE)
    assert caught(lambda: load(library / "dice.py").parse("{"), root).frames == ()


def test_functions_within_functions_have_their_whole_name(dice: ModuleType, root: Path) -> None:
    found = caught(lambda: dice.outer(1), root)
    assert [frame.function for frame in found.frames] == ["outer", "outer.<locals>.inner"]


def test_frames_that_only_wrap_are_left_out(dice: ModuleType, root: Path) -> None:
    found = caught(lambda: dice.asking("{"), root)
    assert [frame.function for frame in found.frames] == ["asking", "parse"]


def test_a_cause_is_found_with_the_whole_way_there(dice: ModuleType, root: Path) -> None:
    found = caught(lambda: dice.chained("{"), root)
    assert found.exception == "json.decoder.JSONDecodeError"
    assert [(frame.function, frame.line) for frame in found.frames] == [
        ("chained", 19),
        ("parse", 15),
    ]


def test_wrappers_and_groups_are_opened(dice: ModuleType, root: Path) -> None:
    class Wrapper(Exception):
        original: BaseException

    error = failure(lambda: dice.parse("{"))
    wrapper = Wrapper("command raised")
    wrapper.original = BaseExceptionGroup("several", [error])
    assert find_root_cause(wrapper) is error
    plain = build_capsule(error, root=root, redact=str)
    opened = build_capsule(wrapper, root=root, redact=str)
    assert opened.replace(causes=()) == plain
    assert [name.rpartition(".")[2] for name in opened.causes] == ["Wrapper", "ExceptionGroup"]


def test_errors_that_cause_each_other_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert find_root_cause(one) is two


def test_deep_recursion_keeps_the_ends(dice: ModuleType, root: Path) -> None:
    found = caught(lambda: dice.deep(0), root)
    assert found.exception == "RecursionError"
    assert len(found.frames) == MAX_FRAMES
    assert found.frames[0].arguments == {"number": "0"}


def test_the_fingerprint_survives_edits_elsewhere_in_the_file(root: Path) -> None:
    file = root / "cogs" / "dice.py"
    before = caught(lambda: load(file).outer(1), root)
    file.write_text("# a comment\n\n" + SOURCE)
    after = caught(lambda: load(file).outer(2), root)
    assert before.fingerprint == after.fingerprint
    assert before.frames[0].line != after.frames[0].line
    file.write_text(SOURCE.replace("outer", "outermost"))
    assert caught(lambda: load(file).outermost(1), root).fingerprint != before.fingerprint


def test_inputs_are_literal_or_left_out(dice: ModuleType, root: Path) -> None:
    error = failure(lambda: dice.outer(1))
    inputs = {"text": "say hunter2", "who": object(), "n": 2}
    found = build_capsule(
        error, root=root, redact=lambda t: t.replace("hunter2", "[x]"), inputs=inputs
    )
    assert found.inputs == {"text": "'say [x]'", "n": "2"}


def test_what_cannot_be_said_is_still_reported(root: Path) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert "ValueError" in build_capsule(Mute(), root=root, redact=str).message
    long = build_capsule(ValueError("\ud800" * 9000), root=root, redact=str)
    assert len(long.message) < 2100
    long.model_dump_json()


def test_an_error_that_was_never_raised_has_no_frames(root: Path) -> None:
    found = build_capsule(
        ValueError("hunter2"), root=root, redact=lambda t: t.replace("hunter2", "[x]")
    )
    assert (found.frames, found.message, found.innermost) == ((), "[x]", None)


def test_code_without_a_file_is_nobodys(root: Path) -> None:
    code = compile(textwrap.dedent("def f():\n    1 / 0\n"), "<string>", "exec")
    space: dict[str, Callable[[], object]] = {}
    exec(code, space)  # noqa: S102  # such code is the subject
    assert caught(space["f"], root).frames == ()


def groups(root: Path, *orders: Callable[[list[Exception]], list[Exception]]) -> list[Capsule]:
    """Return the capsules of one group of failures, its children in each of these orders."""
    dice = load(root / "cogs" / "dice.py")
    made = []
    for order in orders:
        calls = [lambda: dice.parse("{"), lambda: dice.outer(1), lambda: dice.Dice(6).face(9)]
        children = [error for each in calls if isinstance(error := failure(each), Exception)]
        made.append(build_capsule(ExceptionGroup("g", order(children)), root=root, redact=str))
    return made


def test_every_child_of_a_group_is_recorded_and_their_order_does_not_matter(root: Path) -> None:
    one, other = groups(root, lambda each: each, lambda each: each[::-1])
    assert one == other
    assert {each.exception for each in one.children} == {
        "json.decoder.JSONDecodeError",
        "ZeroDivisionError",
        "IndexError",
    }
    assert all(each.frames for each in one.children)
    assert len({one.fingerprint, *(each.fingerprint for each in one.children)}) == 4


def test_a_group_within_a_group_is_the_same_faults(root: Path) -> None:
    one, nested = groups(
        root, lambda each: each, lambda each: [each[2], ExceptionGroup("inner", each[:2])]
    )
    assert one.fingerprint == nested.fingerprint


def test_a_fault_that_came_several_times_or_alone_in_a_group_has_its_own_name(root: Path) -> None:
    twice, alone = groups(root, lambda each: [each[0], each[0]], lambda each: each[:1])
    assert twice.fingerprint == alone.fingerprint
    assert (twice.children, alone.children) == ((), ())


def test_a_fix_of_one_child_changes_the_name_of_the_group(root: Path) -> None:
    whole, part = groups(root, lambda each: each, lambda each: each[1:])
    assert whole.fingerprint != part.fingerprint
    fingerprints = {each.fingerprint for each in whole.children}
    assert {each.fingerprint for each in part.children} < fingerprints


def test_a_time_limit_that_came_with_another_fault_is_not_the_main_one(root: Path) -> None:
    (found,) = groups(root, lambda each: [TimeoutError("late"), each[0]])
    assert found.exception == "json.decoder.JSONDecodeError"
    assert [each.exception for each in found.children] == [found.exception, "TimeoutError"]
