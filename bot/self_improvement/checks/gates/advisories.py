"""The advisory gate: a change brings in no package version with a known flaw."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from theseus_guard import find_manifests

from bot.domain.advisories import AdvisoriesMissing, DeclaredPackages, KnownFlaw
from bot.domain.gates import GateName
from bot.ports.advisory_database import AdvisoryDatabase
from bot.ports.clock import Clock
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport

_MOST_SHOWN = 6
_REMEDY = (
    "Choose versions without known flaws, from PyPI and with an exact version, or leave the "
    "package out; or set `gates.advisories` to `report`."
)


@dataclass(frozen=True, eq=False)
class AdvisoryGate:
    """Compares the packages that base and head name with the advisory database."""

    database: AdvisoryDatabase
    clock: Clock
    name: ClassVar[GateName] = "advisories"

    async def judge(self, case: GateCase) -> GateReport:
        """Return the flaws that the change brings in. Raises `WorkspaceError`."""
        changed = find_manifests([each.path for each in case.change.files])
        if not changed:
            return GateReport.build(self.name, "passed", "no dependency changes")
        before, after = (
            await self._read(case, case.change.base),
            await self._read(case, case.change.head),
        )
        objections = [*_list_objections(before, after)]
        try:
            known = await self.database.find(before.exact)
            now = await self.database.find(after.exact)
            source = await self.database.get_source()
        except AdvisoriesMissing as missing:
            if objections:
                return GateReport.build(
                    self.name, "failed", f"{objections[0]}; {missing}", objections[1:], _REMEDY
                )
            return GateReport.build(self.name, "unmeasured", str(missing))
        days = (self.clock.now() - source.imported_at).days
        return self._decide(
            [each for each in now if not any(each.is_same(other) for other in known)],
            [each for each in now if any(each.is_same(other) for other in known)],
            [each for each in known if not any(each.is_same(other) for other in now)],
            objections,
            [*_list_remarks(before, after), f"{source.count:,} advisories, {days} days old"],
        )

    def _decide(
        self,
        new: list[KnownFlaw],
        old: list[KnownFlaw],
        fixed: list[KnownFlaw],
        objections: list[str],
        remarks: list[str],
    ) -> GateReport:
        details = [*map(_describe, new), *objections]
        if fixed:
            details.append(f"fixes {_join(fixed)}")
        if old:
            details.append(f"known before, not by this change: {_join(old)}")
        shown = [*details[:_MOST_SHOWN], *remarks]
        if new or objections:
            return GateReport.build(
                self.name, "failed", f"brings in {_count(new, objections)}", shown, _REMEDY
            )
        summary = "fixes known flaws" if fixed else "brings in no known flaw"
        return GateReport.build(self.name, "passed", summary, shown)

    async def _read(self, case: GateCase, commit: str) -> DeclaredPackages:
        """Return the packages of all manifests of a commit."""
        gone = {each.path for each in case.change.files if each.status == "deleted"}
        paths = {*await case.workspace.list_base_files(), *(f.path for f in case.change.files)}
        found = DeclaredPackages()
        for path in find_manifests(paths - gone if commit == case.change.head else paths):
            text = await case.workspace.read_at(commit, path)
            found = found.add(self.database.read_manifest(path, text or ""))
        return found


def _list_objections(before: DeclaredPackages, after: DeclaredPackages) -> Iterable[str]:
    """Yield what no advisory can cover: new packages from elsewhere, and unreadable lines."""
    for name, place in sorted(after.elsewhere - before.elsewhere):
        yield f"`{name}` comes from {place}, which no advisory covers"
    for line in sorted(after.unreadable - before.unreadable):
        yield f"`{line}` cannot be read"


def _list_remarks(before: DeclaredPackages, after: DeclaredPackages) -> Iterable[str]:
    """Yield the new requirements that were not compared, because no exact version is named."""
    exact = {each.name for each in after.exact}
    names = sorted({name for name, _ in after.loose - before.loose if name not in exact})
    if names:
        listed = ", ".join(f"`{name}`" for name in names[:_MOST_SHOWN])
        yield f"not compared, because no exact version is named: {listed}"


def _describe(flaw: KnownFlaw) -> str:
    way = f", fixed in {flaw.fixed_in}" if flaw.fixed_in else ", no fixed version is known"
    package = f"`{flaw.package.name}` {flaw.package.version}"
    summary = f": {flaw.summary}" if flaw.summary else ""
    return f"{package}: {' '.join(flaw.ids[:2])}{summary}{way}"


def _join(flaws: list[KnownFlaw]) -> str:
    return ", ".join(f"{flaw.ids[0]} (`{flaw.package.name}`)" for flaw in flaws[:_MOST_SHOWN])


def _count(new: list[KnownFlaw], objections: list[str]) -> str:
    parts = []
    if new:
        parts.append(f"{len(new)} known flaw{'s' if len(new) > 1 else ''}")
    if objections:
        parts.append(f"{len(objections)} source{'s' if len(objections) > 1 else ''} to object to")
    return " and ".join(parts)
