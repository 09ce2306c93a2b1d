"""How many functions of the everyday cogs can be reproduced when failing: by a call, and by a
replay.

Each function in turn raises as soon as it is called. Simulated users use all of the cog once, and
the client's records are then used for a reproduction: a test that calls the function with the
arguments of the failure (the former way), or a replay of the interaction. Functions that run at the
start of a cog fail before any user action, and count as not reproduced.
"""

import ast
import asyncio
import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from theseus_guard.syntax import parse
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import PlayedError

from bench.fault_people import QuoteService
from bench.rows import Row
from bench.script_data import extract_tree, open_rehearsal
from bot.app.demo import find_project_root
from bot.domain.journal import Action
from bot.domain.traffic import TrafficRecord
from bot.proof.replay_search import find_smallest_replay
from bot.proof.reproduction import build_candidates

COGS = ("dice", "polls", "quotes", "reminders")
EVERY = 8
"""Of so many functions `theseus bench` tries one; `python -m bench reproducible` tries all."""

_CHILD = "bench._reach_child"
_SECONDS = 180.0


class CogFunction(NamedTuple):
    """A function of a cog; `entered` by people: a command, a listener or a loop."""

    cog: str
    name: str
    line: int
    indent: int
    is_entry_point: bool

    @property
    def file(self) -> str:
        """Return its file."""
        return f"cogs/{self.cog}.py"

    def plant_in(self, source: str) -> str:
        """Return the source in which it raises at once."""
        lines = source.splitlines(keepends=True)
        lines.insert(self.line - 1, f'{" " * self.indent}raise ValueError("planted")\n')
        return "".join(lines)


class Reproduction(NamedTuple):
    """Whether its failure was `met`, and is shown by a `call` or by a `replay`."""

    way: CogFunction
    met: bool = False
    call: bool = False
    replay: bool = False


async def measure() -> Sequence[Row]:
    """Return rows for some of the functions."""
    return await measure_functions(EVERY)


async def measure_functions(every: int = 1) -> Sequence[Row]:
    """Return rows for every n-th function; report each result as soon as it is known."""
    found: list[Reproduction] = []
    rehearsal = await open_rehearsal()
    with TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder:
        tree = await extract_tree(Path(folder) / "tree")
        async with QuoteService(()) as service:
            for way in [*find_functions()][::every]:
                found.append(await _reproduce_failure(way, tree, service.url, rehearsal))
                sys.stderr.write(f"{found[-1]}\n")
    entered = [each for each in found if each.way.is_entry_point]
    return [_build_row("functions", found), _build_row("commands, listeners, loops", entered)]


def find_functions() -> Iterator[CogFunction]:
    """Yield every function and method of the everyday cogs."""
    for cog in COGS:
        tree = parse((find_project_root() / "cogs" / f"{cog}.py").read_text(encoding="utf-8"))
        classes = [each.body for each in tree.body if isinstance(each, ast.ClassDef)]
        for each in itertools.chain(tree.body, *classes):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                yield _describe_function(cog, each)


def _describe_function(cog: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> CogFunction:
    told = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1 if told else 0]
    decorated = " ".join(map(ast.unparse, function.decorator_list))
    entered = any(word in decorated for word in (".command(", ".listener(", "tasks.loop("))
    return CogFunction(cog, function.name, first.lineno, first.col_offset, entered)


async def _reproduce_failure(
    function: CogFunction, tree: Path, quotes: str, rehearsal: Rehearsal
) -> Reproduction:
    file = tree / function.file
    source = file.read_text(encoding="utf-8")
    file.write_text(function.plant_in(source), encoding="utf-8")
    try:
        told = await _run_child(function.cog, tree, quotes)
        return await _find_reproduction(function, told, tree, rehearsal)
    finally:
        file.write_text(source, encoding="utf-8")


async def _run_child(cog: str, tree: Path, quotes: str) -> dict[str, Any]:
    """Return the child's report; an empty result if the cog prevented the child from ending."""
    with TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as state:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _CHILD, cog, state, quotes,
            cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            told, _ = await asyncio.wait_for(child.communicate(), _SECONDS)
        except TimeoutError:
            child.kill()
            told, _ = await child.communicate()
    return dict(json.loads(told)) if told else {"failures": [], "traffic": []}


async def _find_reproduction(
    function: CogFunction, output: dict[str, Any], tree: Path, rehearsal: Rehearsal
) -> Reproduction:
    failures = [Action.model_validate(each) for each in output["failures"]]
    known = {each["id"]: TrafficRecord.model_validate(each) for each in output["traffic"]}
    met = [each for each in failures if _is_failure_in(each, function)]
    call = any(each.error and build_candidates(each.error, read=_make_reader(tree)) for each in met)
    for each in met:
        record = known.get(each.id)
        if record is not None and each.error is not None:
            frame = each.error.frames[-1]
            at = f"{frame.file}:{frame.function}"
            wanted = PlayedError(event=each.event, error=each.error.exception, at=at)
            async with rehearsal.open(tree) as player:
                found = await find_smallest_replay(
                    player, record.replace(cog=function.cog), [*known.values()], wanted, {}
                )
            return Reproduction(function, met=True, call=call, replay=found is not None)
    return Reproduction(function, met=bool(met), call=call)


def _is_failure_in(failure: Action, way: CogFunction) -> bool:
    frame = failure.error.innermost if failure.error else None
    return frame is not None and frame.file == way.file and frame.function.endswith(way.name)


def _make_reader(tree: Path) -> Any:
    def read(file: str) -> str | None:
        path = tree / file
        return path.read_text(encoding="utf-8") if path.is_file() else None

    return read


def _build_row(name: str, found: Sequence[Reproduction]) -> Row:
    before = sum(each.call for each in found)
    now = sum(each.call or each.replay for each in found)
    met = sum(each.met for each in found)
    return Row(
        bench="reproducible", name=f"{name} ({met} of {len(found)} met)", unit="functions",
        ours=now, baseline=before, baseline_name="by calls alone", ratio=now / max(before, 1),
    )  # fmt: skip
