"""Instrumented code reports the same executed lines as a tracer."""

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from theseus_repair._fork_child import Tracer
from theseus_repair._fork_hits import HIT_NAME, LineHits

SUBJECT = '''\
"""A module of every kind of statement."""

import asyncio
import contextlib
import functools

LIMIT = 2


@functools.lru_cache
def kept(number):
    """Only this line of two
    is no statement."""
    return number + LIMIT


def branches(value):
    if value < 0:
        found = "less"
    elif value == 0:
        found = "none"
    elif value > LIMIT:
        found = "more"
    else:
        found = "some"
    while value > 0:
        value -= 1
        if value == 2:
            continue
        if value == 1:
            break
    else:
        found += "!"
    return found


def tries(value):
    total = 0
    with contextlib.suppress(KeyError):
        for each in value:
            try:
                total += 10 // each
            except ZeroDivisionError:
                total += 1
            except TypeError as error:
                raise ValueError("text") from error
            else:
                total += 2
            finally:
                total += 3
        else:
            total += 4
        {}["absent"]
    return total


def matches(value):
    match value:
        case [first, *_] if first:
            return first
        case {"name": name}:
            return name
        case _:
            pass
    return None


def nested(value):
    """Say something."""

    class Inner:
        """Has a field."""

        field = value

        @property
        def twice(self):
            return self.field * 2

    def inner(number):
        nonlocal value
        value += number
        return value

    def never():
        global LIMIT
        LIMIT = 0

    doubled = [each * 2 for each in range(value)]
    return Inner().twice + inner(1) + len(doubled) + (lambda: 1)()


def generates(count):
    for number in range(count):
        got = yield number
        if got:
            yield got


async def waits(value):
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
    async for each in steps(value):
        value += each
    return value


async def steps(value):
    yield value


def long(value):
    return dict(
        one=value,
        two=value,
    )


def documented():
    """Nothing but this."""
'''
CALLS = (
    "kept(1)", "kept(1)", *(f"branches({number})" for number in range(-1, 4)), "tries([1, 0])",
    "tries([None])", "tries({1: 2})", "matches([1, 2])", "matches({'name': 1})", "matches(3)",
    "matches(None)", "nested(2)", "list(generates(3))", "asyncio.run(waits(1))", "long(1)",
    "documented()",
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "subject.py"
    file.write_text(SUBJECT)
    yield file
    sys.modules.pop("subject", None)


def imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("subject", file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["subject"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def telling(file: Path, hits: LineHits) -> ModuleType:
    """Return the module with the hits in it."""
    module = ModuleType("subject")
    vars(module)[HIT_NAME] = hits.hit
    code = hits.compile_file(str(file), file.read_bytes())
    exec(code, vars(module))  # noqa: S102 - what stands above
    return module


def told(lines: Any, module: ModuleType, calls: tuple[str, ...]) -> list[dict[str, list[int]]]:
    """Return which lines each call ran."""
    found = []
    for call in calls:
        lines.start()
        try:
            eval(call, {**vars(module), "asyncio": asyncio})  # noqa: S307 - these calls
        except ValueError:
            pass
        finally:
            found.append(lines.stop())
    return found


def everywhere(text: str) -> list[int]:
    return list(range(1, text.count("\n") + 1))


def test_it_tells_of_each_call_what_a_tracer_tells(file: Path) -> None:
    root = str(file.parent)
    traced = told(Tracer(root), imported(file), CALLS)
    ran = {line for each in traced for line in each.get("subject.py", ())}
    hits = LineHits(root, {"subject.py": sorted(ran)}, Tracer)

    assert told(hits, telling(file, hits), CALLS) == traced
    assert len(ran) > 70


def test_only_functions_with_wanted_lines_are_changed(file: Path) -> None:
    line = SUBJECT.splitlines().index("    return number + LIMIT") + 1
    hits = LineHits(str(file.parent), {"subject.py": [line]}, Tracer)
    module = telling(file, hits)

    assert told(hits, module, ("branches(1)", "kept(1)")) == [{}, {"subject.py": [line]}]
    assert HIT_NAME in module.kept.__wrapped__.__code__.co_names
    assert HIT_NAME not in module.branches.__code__.co_names
    assert module.kept.__doc__ == "Only this line of two\n    is no statement."


def test_what_was_imported_in_another_way_is_traced(file: Path) -> None:
    root = str(file.parent)
    wanted = {"subject.py": list(range(1, SUBJECT.count("\n") + 1))}
    before = imported(file)
    rest = CALLS[2:]  # what is kept is not run again

    found = told(LineHits(root, wanted, Tracer), before, rest)

    assert found == told(Tracer(root, wanted), before, rest)
    assert all(found[:-1])
