"""What a change does to answers people got: base and head play what was asked, and are compared."""

import asyncio
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.domain.behaviour import BehaviourDiff
from bot.domain.change import ChangeSet, Finding
from bot.domain.errors import RehearsalError, StoreError
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal
from bot.ports.traffic import TrafficLog
from bot.ports.workspace import Workspace
from bot.proof.behaviour_diff import compare
from bot.proof.recorded_scripts import recorded_scripts
from bot.redaction import redact, redact_value

PATIENCE = 120.0
"""Seconds that all plays of one comparison may take."""

_EXAMPLES, _LONGEST = 3, 160


class BehaviourCheck:
    """Plays recorded traffic with a change's base and with its head."""

    def __init__(
        self, rehearsal: Rehearsal, traffic: TrafficLog, clock: Clock, *, lookback: timedelta
    ) -> None:
        self._rehearsal = rehearsal
        self._traffic = traffic
        self._clock = clock
        self._lookback = lookback

    async def __call__(self, change: ChangeSet, workspace: Workspace) -> BehaviourDiff:
        """Return what changes for people, redacted; the worktree is at the change's head then.

        Where nothing could be played, that says why: a change is not refused for it.
        """
        since = self._clock.now() - self._lookback
        try:
            records = await self._traffic.since(since)
            scripts = recorded_scripts(records, [file.path for file in change.files])
            if not scripts:
                return BehaviourDiff()
            with TemporaryDirectory(prefix="theseus-base-", ignore_cleanup_errors=True) as folder:
                await workspace.export_base(Path(folder))
                await workspace.reset(change.head)
                async with asyncio.timeout(PATIENCE):
                    found = await compare(self._rehearsal, Path(folder), workspace.path, scripts)
        except (RehearsalError, StoreError) as error:
            return BehaviourDiff(unplayed=redact(str(error)))
        except TimeoutError:
            return BehaviourDiff(unplayed=f"the plays took longer than {PATIENCE:.0f} s")
        return BehaviourDiff.model_validate(redact_value(found.model_dump(mode="json")))


def behaviour_finding(found: BehaviourDiff | None, *, blocking: bool) -> Finding | None:
    """Return what is to be said of a fix that changes answers which were no failures."""
    if found is None or not found.unasked:
        return None
    examples = [
        f"“{each.asked}” had {_short(each.difference.before)}, now {_short(each.difference.after)}"
        for each in found.changes
        if not each.mended
    ]
    message = f"{found.told}, not only those that failed: {'; '.join(examples[:_EXAMPLES])}"
    return Finding(rule="behaviour", path="", message=message, blocking=blocking)


def _short(lines: tuple[str, ...]) -> str:
    text = " / ".join(line.strip() for line in lines) or "nothing"
    return f"“{text}”" if len(text) <= _LONGEST else f"“{text[: _LONGEST - 1]}…”"
