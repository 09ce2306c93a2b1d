"""Selects the recorded interactions that a change can reach, through the imports of their cogs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Protocol

from theseus_rehearsal.records import Script

from bot.domain.cogs import get_cog_name
from bot.domain.traffic import TrafficRecord
from bot.ports.clock import Clock
from bot.ports.traffic import TrafficLog
from bot.proof.regression_scripts import build_regression_scripts
from bot.self_improvement.checks.gates.merge_gates import GateCase
from bot.self_improvement.checks.reached_files import list_imported_files

_PACKAGE = re.compile(r"^(?:packages/[^/]+|src)/")  # folders from which packages are imported
_MOST_FILES = 400
"""The largest number of files that are followed from one cog."""


class CaseScripts(Protocol):
    """Has what people did as scripts, for a gate. Raises `StoreError`, `WorkspaceError`."""

    async def list_for(self, case: GateCase) -> tuple[Script, ...]:
        """Return the scripts that a change may affect, newest first."""
        ...


@dataclass(frozen=True, eq=False)
class ReachedScripts:
    """Implements `CaseScripts` with recorded interactions as scripts, as far back as `lookback`."""

    traffic: TrafficLog
    clock: Clock
    _: KW_ONLY
    lookback: timedelta

    async def list_for(self, case: GateCase) -> tuple[Script, ...]:
        """Return scripts of the cogs that import a changed file, directly or not, newest first.

        Raises `StoreError`, `WorkspaceError`.
        """
        records = await self.traffic.list_since(self.clock.now() - self.lookback)
        return await _list_scripts(records, case)


async def _list_scripts(records: Sequence[TrafficRecord], case: GateCase) -> tuple[Script, ...]:
    changed = {
        each.path
        for each in case.change.files
        if each.path.endswith(".py") and not each.path.startswith("tests/")
    }
    if not changed:
        return ()
    paths = {*await case.workspace.list_base_files(), *changed}
    files = {_PACKAGE.sub("", path): path for path in paths}
    cogs = {get_cog_name(path) for path in files} - {""}
    used = sorted({each.cog for each in records} & cogs)
    reached = [cog for cog in used if await _is_reached(cog, files, changed, case)]
    chosen = [each for each in records if each.cog in reached]
    return build_regression_scripts(chosen, sorted(changed))


async def _is_reached(
    cog: str, files: Mapping[str, str], changed: set[str], case: GateCase
) -> bool:
    """Follow the imports of a cog until a changed file is found; `files` are by importable path."""
    waiting = [path for path in sorted(files) if get_cog_name(path) == cog]
    known = set(waiting)
    while waiting and len(known) <= _MOST_FILES:
        path = files[waiting.pop(0)]
        if path in changed:
            return True
        text = await case.workspace.read_at(case.change.head, path) or ""
        found = {each for each in list_imported_files(text) if each in files} - known
        known |= found
        waiting += sorted(found)
    return len(known) > _MOST_FILES
