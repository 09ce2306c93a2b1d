"""The journals of targets, opened from the configuration."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import ObservedFolder, ObservedJournal
from bot.domain.personal_data import DataSubject
from bot.domain.target import Target
from bot.ports.clock import Clock
from bot.settings import Settings
from bot.targets.checkout import locate_target


@dataclass(frozen=True, eq=False)
class TargetJournals:
    """The journal of each target by its name; empty if the target neither writes nor sends one."""

    by_name: Mapping[str, ObservedJournal]

    async def forget(self, before: date) -> int:
        """Remove the records of all days before that one; return the number of days."""
        return sum([await each.forget(before) for each in self.by_name.values()])

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many records contain the person's id."""
        return sum([len(await each.list_record_ids(subject)) for each in self.by_name.values()])

    async def erase(self, subject: DataSubject) -> int:
        """Erase these records here; the folders of the other bots are not changed."""
        return sum([await each.erase(subject) for each in self.by_name.values()])

    async def purge(self) -> None:
        """Remove all traces of erased records."""
        for each in self.by_name.values():
            await each.purge()


async def open_target_journals(
    settings: Settings, clock: Clock, stack: AsyncExitStack
) -> TargetJournals:
    """Open the journals of the targets.

    They are in a folder that no target can write: not beside the clone of its repository.
    """
    journals = {}
    for target in settings.config.targets:
        journals[target.name] = await stack.enter_async_context(
            ObservedJournal(
                get_journal_state(settings.state, target.name),
                clock,
                redact=redact,
                keep_days=settings.config.journal.keep_days,
                folder=_build_folder(target, settings),
            )
        )
    return TargetJournals(journals)


def get_journal_state(state: Path, target: str) -> Path:
    """Return the folder in which the records of a target are stored."""
    return state / "observed" / target


def _build_folder(target: Target, settings: Settings) -> ObservedFolder | None:
    """Return the folder that the target writes; a relative one stays in its checkout."""
    if target.log.folder is None:
        return None
    checkout = locate_target(target, settings.root, settings.state)
    folder = Path(target.log.folder).expanduser()
    return ObservedFolder(checkout / folder, None if folder.is_absolute() else checkout)
