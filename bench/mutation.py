"""Mutation testing of the code that decides, with mutmut: which changes of it do no test notice.

mutmut writes into the folder it runs in, so it gets a copy of the tracked files. It needs the group
`mutation`: `uv sync --group mutation --inexact`.
"""

import asyncio
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import ConfigError

SAMPLE = 120
_SEED = 43
_ROOT = Path(__file__).parents[1]
_LINE = re.compile(r"^\s*(\S+__mutmut_\d+): (.+)$", re.MULTILINE)
_CHANGED = re.compile(r"[-+](?![-+])")
_UNCHECKED = "not checked"
_FOUND = ("killed", "timeout", "segfault")
"""Outcomes that a test run notices."""


_OF_RUNS = tuple(
    f"tests/bot/self_improvement/test_{each}.py"
    for each in (
        "agreements", "catching_up", "draining", "forge_waiting", "full_tier", "limits",
        "lost_threads", "questions", "run_threads", "transitions",
    )
)  # fmt: skip
"""Quick tests of runs; all of them would take too long for each mutant."""

_LEFT_OUT = (
    "tracked_file",  # not all of these are in the copy
    "every_python", "test_command_line",  # other processes do not know mutmut's modules
    # These take seconds for each mutant, and quicker tests check the same.
    "of_1000_planted", "planted_secrets", "what_is_no_diff", "whatever_the_lines_say",
)  # fmt: skip
"""Parts of the names of tests that are not run."""


class MutatedPart(NamedTuple):
    """A part of the code: its folder of sources, the files to change, and the tests of these."""

    root: str
    files: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = {
    "run-state": MutatedPart(
        "bot",
        ("bot/domain/run_state.py", "bot/self_improvement/runs/transitions.py"),
        ("tests/bot/domain/test_run_state.py", *_OF_RUNS),
    ),
    "authority": MutatedPart("bot", ("bot/authority/*",), ("tests/bot/authority",)),
    "budget": MutatedPart(
        "bot",
        ("bot/budget/*", "bot/adapters/model_gateway/_usage.py"),
        ("tests/bot/budget", "tests/bot/adapters/model_gateway/test_meter.py"),
    ),
    "guard": MutatedPart(
        "theseus_guard",
        ("theseus_guard/*",),
        ("packages/theseus_guard/tests",),
    ),
    "redaction": MutatedPart(
        "theseus_observe",
        ("theseus_observe/redaction/*",),
        ("tests/bot/redaction",),
    ),
}


class MutationReport(NamedTuple):
    """How many mutants of a part were run and noticed, and the changes that survived."""

    part: str
    kills: int
    sample: int
    total: int
    survivors: tuple[str, ...]

    @property
    def row(self) -> str:
        """The report as a row of a table."""
        share = self.kills / max(1, self.sample)
        return f"| {self.part} | {self.sample} of {self.total} | {share:.0%} |"


async def measure_part(name: str, sample: int) -> MutationReport:
    """Run a sample of a part's mutants. Raises `ConfigError` for an unknown part."""
    if name not in PARTS:
        raise ConfigError(f"--part {name}: known are {', '.join(PARTS)}.")
    if importlib.util.find_spec("mutmut") is None:
        raise ConfigError("Mutation testing needs mutmut: uv sync --group mutation --inexact")
    return await asyncio.to_thread(_measure, name, sample)


def _measure(name: str, sample: int) -> MutationReport:
    part = PARTS[name]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        _copy_tree(tree)
        _write_settings(tree, part)
        _run_mutmut(tree, "run", "--max-children", "2", "no_such_mutant")  # writes all of them
        names = sorted(_list_outcomes(tree))
        if not names:
            raise ConfigError(f"mutmut made no mutants of {', '.join(part.files)}.")
        luck = random.Random(_SEED)  # noqa: S311  # no key is made of it
        chosen = sorted(luck.sample(names, min(sample, len(names))))
        output = _run_mutmut(tree, "run", "--max-children", "2", *chosen)
        outcomes = _list_outcomes(tree)
        survivors = tuple(
            f"{each}: {outcomes[each]}\n{_show_change(tree, each)}"
            for each in chosen
            if outcomes[each] not in (*_FOUND, _UNCHECKED)
        )
    if any(outcomes[each] == _UNCHECKED for each in chosen):
        raise ConfigError(f"The tests do not pass without a mutant:\n{output[-2_000:]}")
    count = Counter(outcomes[each] in _FOUND for each in chosen)
    return MutationReport(name, count[True], len(chosen), len(names), survivors)


def _copy_tree(tree: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=_ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (_ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, tree / name)
    # mutmut names a module by its path, so a package has to be where its name says.
    for package in (tree / "packages").iterdir():
        if (package / package.name).is_dir():
            shutil.copytree(package / package.name, tree / package.name)


def _write_settings(tree: Path, part: MutatedPart) -> None:
    known = {part.root, "pyproject.toml", "tests"}  # mutmut copies these by itself
    copied = sorted({each.name for each in tree.iterdir()} - known)
    settings = {
        "source_paths": [part.root],
        "only_mutate": list(part.files),
        "also_copy": copied,
        "pytest_add_cli_args_test_selection": list(part.tests),
        # The packages have settings of their own, which pytest would take for their tests alone.
        "pytest_add_cli_args": [
            "-n0", "-q", "-m", "not slow", "-c", "pyproject.toml",
            "-k", " and ".join(f"not {each}" for each in _LEFT_OUT),
        ],
    }  # fmt: skip
    lines = [f"{key} = {value!r}" for key, value in settings.items()]  # lists of texts: TOML too
    with (tree / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def _run_mutmut(tree: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments], cwd=tree, check=False, capture_output=True,
        text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    ).stdout  # fmt: skip


def _show_change(tree: Path, name: str) -> str:
    """Return the lines that a mutant changes, before and after."""
    shown = _run_mutmut(tree, "show", name).splitlines()
    return "\n".join(line for line in shown if _CHANGED.match(line))


def _list_outcomes(tree: Path) -> dict[str, str]:
    return dict(_LINE.findall(_run_mutmut(tree, "results", "--all", "true")))
