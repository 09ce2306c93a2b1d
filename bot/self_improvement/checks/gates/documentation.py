"""The documentation gate: documents follow commands whose name, options or help change."""

from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from bot.domain.cogs import get_cog_name
from bot.domain.gates import GateName
from bot.proof.command_mentions import find_stale_mentions, is_document
from bot.proof.command_texts import CommandText, read_commands
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport

_MOST_DOCUMENTS = 80
_LONGEST = 400_000  # characters of a document
_MOST_SHOWN = 6


@dataclass(frozen=True, eq=False)
class DocumentationGate:
    """Compares the commands of the changed cogs with the documents that mention them."""

    name: ClassVar[GateName] = "documentation"

    async def judge(self, case: GateCase) -> GateReport:
        """Return the commands that documents do not follow. Raises `WorkspaceError`."""
        before, after = await self._read_commands(case)
        changed = [name for name in before.keys() | after if before.get(name) != after.get(name)]
        if not changed:
            return GateReport.build(self.name, "passed", "no command changes how it is presented")
        base, head = case.change.base, case.change.head
        gone = {each.path for each in case.change.files if each.status == "deleted"}
        paths = {*await case.workspace.list_base_files(), *(f.path for f in case.change.files)}
        chosen = [*islice(filter(is_document, sorted(paths)), _MOST_DOCUMENTS)]
        touched = {each.path for each in case.change.files}
        old = {path: await self._read(case, base, path) for path in chosen}
        new = {
            path: await self._read(case, head, path) if path in touched else old[path]
            for path in chosen
            if path not in gone
        }
        lines = find_stale_mentions(before, after, old, new)
        names = ", ".join(f"`/{name}`" for name in sorted(changed)[:_MOST_SHOWN])
        if not lines:
            return GateReport.build(self.name, "passed", f"the documents follow {names}")
        return GateReport.build(
            self.name,
            "failed",
            f"{len(lines)} without documentation",
            lines[:_MOST_SHOWN],
            "Change the sections that mention them, and describe new options.",
        )

    async def _read_commands(
        self, case: GateCase
    ) -> tuple[dict[str, CommandText], dict[str, CommandText]]:
        before: dict[str, CommandText] = {}
        after: dict[str, CommandText] = {}
        for file in case.change.files:
            if get_cog_name(file.path):
                before |= read_commands(await self._read(case, case.change.base, file.path))
                after |= read_commands(await self._read(case, case.change.head, file.path))
        return before, after

    async def _read(self, case: GateCase, commit: str, path: str) -> str:
        return (await case.workspace.read_at(commit, path) or "")[:_LONGEST]
