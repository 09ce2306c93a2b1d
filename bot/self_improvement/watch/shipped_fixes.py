"""Lists the failures that shipped changes have fixed, read from the runs' records."""

from collections.abc import Mapping

from bot.domain.history import History
from bot.domain.run import Run, Status
from bot.domain.shipped_fix import ShippedFix
from bot.domain.target import OWN_TARGET
from bot.ports.store import Store

_LOOKED_AT = 200  # of the newest runs that are done


class ShippedFixes:
    """Reads the shipped fixes of one target. Fixes that can no longer change are cached."""

    def __init__(self, store: Store, target: str = OWN_TARGET) -> None:
        self._store = store
        self.target = target
        self._read: dict[tuple[str, int], ShippedFix | None] = {}

    async def __call__(self) -> Mapping[str, ShippedFix]:
        """Return the newest fix of each failure of the target, by fingerprint. Raises `StoreError`.

        Reverted fixes are left out.
        """
        done = await self._store.find(status={Status.DONE}, limit=_LOOKED_AT)
        runs = tuple(run for run in done if run.trigger.target == self.target)
        reverted = {run.trigger.reverts for run in runs if run.goal == "revert"}
        found: dict[str, ShippedFix] = {}
        for run in reversed(runs):  # newest last, so that it replaces older fixes
            fix = None if run.id in reverted else await self._load_fix(run)
            if fix is not None:
                known = found.get(fix.fingerprint)
                if known is None or known.merged_at <= fix.merged_at:
                    found[fix.fingerprint] = fix
        self._forget_all_but(runs)
        return found

    async def _load_fix(self, run: Run) -> ShippedFix | None:
        key = (run.id, run.version)
        if key in self._read:
            return self._read[key]
        history = await self._store.get_history(run.id)
        fix = _build_fix(run, history)
        if history.shipment is None or (fix is not None and fix.verdict is not None):
            self._read[key] = fix
        return fix

    def _forget_all_but(self, runs: tuple[Run, ...]) -> None:
        keys = {(run.id, run.version) for run in runs}
        self._read = {key: fix for key, fix in self._read.items() if key in keys}


def _build_fix(run: Run, history: History) -> ShippedFix | None:
    """Return what a run shipped for a failure; `None` if it shipped no fix."""
    diagnosis, proposal, shipment = history.diagnosis, history.proposal, history.shipment
    if run.goal != "fix" or shipment is None or proposal is None:
        return None
    if diagnosis is None or not diagnosis.fingerprint:
        return None
    watch = history.watch
    live_at = watch.began_at if watch else shipment.at if shipment.live else None
    return ShippedFix(
        run_id=run.id,
        number=proposal.number,
        fingerprint=diagnosis.fingerprint,
        event=diagnosis.event,
        about=f"{run.trigger.subject} {diagnosis.event} {diagnosis.file} {diagnosis.function}",
        merge_commit=shipment.merge_commit,
        merged_at=shipment.at,
        live_at=live_at,
        watched_until=watch.until if watch else None,
        verdict=history.outcome.verdict if history.outcome else None,
        answered=bool(watch and watch.replay and watch.replay.status == "passed"),
    )
