"""Scripts of what people did with a bot that is not built on Theseus, from its journal."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from itertools import islice

from theseus_rehearsal.recorded_scripts import build_recorded_script
from theseus_rehearsal.records import Script

from bot.domain.change import ChangeSet
from bot.domain.errors import JournalError, StoreError
from bot.domain.journal import Action, JournalQuery, Kind
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.self_improvement.checks.gates.merge_gates import GateCase

_MOST = 4
"""Scripts of one comparison: each starts the whole bot, several times."""
_LOOKED_AT = 2_000
_UNRECORDED = (
    "no use of its commands is recorded with what people asked (THESEUS_OBSERVE_TRAFFIC=1 there "
    "records them), so it cannot be repeated"
)


@dataclass(frozen=True, eq=False)
class ForeignScripts:
    """Implements `ScriptSource` with the journal of the bot, as far back as `lookback`.

    Each script is the newest use of a command that worked.
    """

    journal: Journal
    clock: Clock
    _: KW_ONLY
    lookback: timedelta

    async def list_for(self, case: GateCase) -> tuple[Script, ...]:
        """Return the scripts that a change may affect. Raises `StoreError`."""
        return await self.list_for_change(case.change)

    async def list_for_change(self, change: ChangeSet) -> tuple[Script, ...]:
        """Return the scripts, first those of commands that the change names.

        What was typed in private, or with placeholders for it, is not repeated. Raises `StoreError`
        if nothing can be repeated, so that people read why nothing was compared.
        """
        if not any(each.path.endswith(".py") for each in change.files):
            return ()
        query = JournalQuery(since=self.clock.now() - self.lookback, limit=_LOOKED_AT)
        try:
            actions = await self.journal.read(query)
        except JournalError as error:
            raise StoreError(str(error)) from error
        scripts = (_build_script(each) for each in _choose_newest(actions, change.diff))
        found = tuple(islice((each for each in scripts if each is not None), _MOST))
        if not found:
            raise StoreError(_UNRECORDED)
        return found


def _choose_newest(actions: Sequence[Action], diff: str) -> list[Action]:
    """Return the newest use of each command that worked, those that a diff names first."""
    newest: dict[str, Action] = {}
    for each in reversed(actions):
        has_worked = each.kind is Kind.COMMAND and each.outcome == "ok"
        if has_worked and each.request is not None and not each.request.hidden:
            newest.setdefault(each.event, each)
    return sorted(newest.values(), key=lambda each: each.name.split()[-1] not in diff)


def _build_script(action: Action) -> Script | None:
    """Return the script of an action; `None` if it cannot be repeated as it was."""
    built = build_recorded_script([action.model_dump(mode="json")], pauses=False)
    is_whole = bool(built.script.steps) and not built.left_out and not built.changed
    return built.script if is_whole else None
