"""Checks whether changed cogs load, in a separate process with limits."""

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from theseus_guard.syntax import parse
from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits
from theseus_rehearsal.temporary_folder import open_temporary_folder

from bot.client.cog_trial import FOLDER, RESULTS, SHARED
from bot.domain.errors import SandboxUnavailable
from bot.infra.cog_files import find_extensions

LIMITS = SandboxLimits(seconds=30.0, memory_mb=1024, processes=64, disk_mb=64, files=2_000)
_CODE = Path(__file__).resolve().parents[2]  # where this `bot` is
_IS_LAID_OUT = not (_CODE / "cogs").is_dir()  # by its supervisor, in the folder of its commit
_TAIL = 300


class _Trial(NamedTuple):
    """Which cogs would not load, and whether all were tried."""

    refused: dict[str, str]
    is_complete: bool


class CogCheck:
    """Loads cogs in a client that never connects, confined by `sandbox`, within `limits`.

    `wanted` are the extensions that the configuration names; empty means all that are there. The
    cogs that did not change are loaded first: a command that two have is the newcomer's fault.
    """

    def __init__(
        self,
        root: Path,
        sandbox: Sandbox,
        wanted: Sequence[str] = (),
        limits: SandboxLimits = LIMITS,
    ) -> None:
        self._root = root
        self._sandbox = sandbox
        self._wanted = tuple(wanted)
        self._limits = limits

    async def __call__(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return why those of these cogs that would not load would not; `ui` is what they share."""
        refused = {name: problem for name in names if (problem := self._check_syntax(name))}
        left = [name for name in names if name not in refused]
        trial = (
            await self._try_load(left, leaving_out=names) if left else _Trial({}, is_complete=True)
        )
        if trial.is_complete or len(left) == 1:
            return refused | trial.refused
        # The process ended. A timer or thread of a cog that loaded earlier may have ended it, so
        # each remaining cog is checked in a separate process.
        for name in left:
            refused |= (await self._try_load([name], leaving_out=names)).refused
        return refused

    def _check_syntax(self, name: str) -> str:
        """Return the first syntax error in a cog's files, with file and line, and drop bytecode.

        Python compares whole seconds and the size, so it would miss a quick edit.
        """
        place = self._root / "cogs" / name
        files = [place.with_suffix(".py")] if not place.is_dir() else sorted(place.rglob("*.py"))
        for file in files:
            if not file.is_file():
                continue
            Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
            try:
                parse(file.read_text(encoding="utf-8"))
            except SyntaxError as error:
                where = file.relative_to(self._root).as_posix()
                return f"{where}, line {error.lineno}: SyntaxError: {error.msg}"
            except (OSError, ValueError, RecursionError, MemoryError) as error:
                return f"{file.relative_to(self._root).as_posix()}: {type(error).__name__}: {error}"
        return ""

    async def _try_load(self, names: Sequence[str], leaving_out: Sequence[str]) -> _Trial:
        extensions = self._wanted or find_extensions(self._root / "cogs")
        others = [each.removeprefix("cogs.") for each in extensions]
        others = [name for name in others if name not in leaving_out]
        async with open_temporary_folder("theseus-cogs-") as folder:
            try:
                done = await self._sandbox.run(
                    [
                        sys.executable, "-P", "-m", "bot.client.cog_trial",
                        str(self._root), json.dumps(others), json.dumps(list(names)),
                    ],
                    cwd=self._root,
                    writable=[folder],
                    env={FOLDER: str(folder), "PYTHONPATH": _build_python_path(self._root)},
                    limits=self._limits,
                    readable=[_CODE],
                )  # fmt: skip
            except SandboxUnavailable as error:
                return _Trial(dict.fromkeys(names, str(error)), is_complete=True)
            return self._judge(names, _read(folder / RESULTS), done)

    def _judge(
        self, names: Sequence[str], results: Sequence[Mapping[str, str]], done: Completed
    ) -> _Trial:
        states = {each["name"]: each["state"] for each in results}
        reasons = {each["name"]: each["reason"] for each in results if each["state"] == "failed"}
        begun = [name for name, state in states.items() if state == "begun"]
        if begun:
            reasons[begun[-1]] = self._describe_exit(done)
        elif done.returncode != 0:
            return _Trial(dict.fromkeys(names, self._describe_exit(done)), is_complete=False)
        refused = {name: why for name, why in reasons.items() if name in names}
        if SHARED in names and reasons:
            name, why = next(iter(reasons.items()))
            refused[SHARED] = f"with it cogs.{name} does not load: {why}"
        return _Trial(refused, is_complete=not begun)

    def _describe_exit(self, done: Completed) -> str:
        if done.timed_out:
            return f"it did not load within {self._limits.seconds:.0f} s"
        tail = " ".join(done.output.split())[-_TAIL:]
        ended = f"the process that tried it ended with status {done.returncode}"
        return f"{ended}: {tail}" if tail else f"{ended}, and said nothing"


def _read(file: Path) -> list[Mapping[str, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def _build_python_path(root: Path) -> str:
    """Return the import path of a trial: the core of this process, and the cogs of `root`."""
    return f"{_CODE}:{root}" if _IS_LAID_OUT else f"{root}:{_CODE}"
