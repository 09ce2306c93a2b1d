"""Announces several waiting proposals about one file or command together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from theseus_guard import is_test_file

from bot.authority.quiet_state import QuietState
from bot.domain.errors import ChatRejected, PortError
from bot.domain.history import History
from bot.domain.ids import create_run_id
from bot.domain.notices import FOR_APPROVAL, PROPOSAL_GROUP, ProposalGroup
from bot.domain.run import Run, Status
from bot.notices.texts import render_group
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store

_SECONDS = 20.0
_LEAST = 2
_LOOKED_AT = 200
_log = structlog.stdlib.get_logger(__name__)
_FAILED = log_warnings(_log, "similar proposals could not be grouped; I will try again")

Waiting = tuple[Run, History]


@dataclass(frozen=True, eq=False)
class ProposalGroups:
    """Posts one message for each group, and edits it when proposals join or are decided.

    `channels` are the channels of targets by name.
    """

    store: Store
    key_values: KeyValueStore
    quiet: QuietState
    chat: Chat
    clock: Clock
    channels: Mapping[str, int]

    async def run_forever(self) -> None:
        """Look for similar proposals, until cancelled."""
        await run_periodically(
            self.look, self.clock, _SECONDS, first_after=_SECONDS, tolerated=PortError,
            failed=_FAILED,
        )  # fmt: skip

    async def look(self) -> None:
        """Bring the messages about groups up to date. Raises `PortError`."""
        runs = await self.store.find(status={Status.WAITING}, limit=_LOOKED_AT)
        waiting = [run for run in runs if run.waiting in FOR_APPROVAL]
        groups = await self.key_values.list_records(PROPOSAL_GROUP, ProposalGroup)
        if len(waiting) < _LEAST and not groups:
            return
        histories = await self.store.get_histories([run.id for run in waiting])
        rest = [(run, histories[run.id]) for run in reversed(waiting) if run.id in histories]
        for group in groups:  # first, so that a proposal does not move to another group
            members = [each for each in rest if _is_in_group(each, group)]
            rest = [each for each in rest if each not in members]
            await self._update(group, members)
        if not self.quiet.has_to_wait(needs_person=True):
            for (target, subject), found in group_proposals(rest).items():
                await self._announce(target, subject, found)

    async def find(self, group_id: str) -> ProposalGroup | None:
        """Return a group that still waits, or `None`. Raises `StoreError`."""
        return await self.key_values.get(PROPOSAL_GROUP + group_id, ProposalGroup)

    async def _announce(self, target: str, subject: str, members: Sequence[Waiting]) -> None:
        channel_id = self.channels.get(target)
        if channel_id is None:
            return
        group = ProposalGroup(
            id=create_run_id(),
            target=target,
            subject=subject,
            runs=tuple(run.id for run, _ in members),
            opened_at=self.clock.now(),
        )
        await self.key_values.put(group.key, group)  # before the post, which bears its id
        await self._post(group, members)

    async def _post(self, group: ProposalGroup, members: Sequence[Waiting]) -> None:
        post = render_group(group, members)
        try:
            ref = await self.chat.post(self.channels[group.target], post, key=group.key)
        except ChatRejected as error:
            _log.warning("similar proposals cannot be announced: %s", error)
            return
        await self.key_values.put(group.key, group.replace(message=ref))

    async def _update(self, group: ProposalGroup, members: Sequence[Waiting]) -> None:
        """Edit the message if proposals joined or were decided; forget a group that is over."""
        runs = tuple(run.id for run, _ in members)
        if group.message is None and members and group.target in self.channels:
            await self._post(group.replace(runs=runs), members)
        elif group.message is not None and runs != group.runs:
            await self.chat.edit(group.message, render_group(group, members))
            await self.key_values.put(group.key, group.replace(runs=runs))
        if not members:
            await self.key_values.remove(group.key)


def group_proposals(waiting: Iterable[Waiting]) -> dict[tuple[str, str], tuple[Waiting, ...]]:
    """Return groups of at least two proposals, by target and what they are about.

    A proposal is in the largest group that it fits; of equal ones, in the first by name.
    """
    rest = list(waiting)
    found: dict[tuple[str, str], tuple[Waiting, ...]] = {}
    while True:
        by_subject: dict[tuple[str, str], list[Waiting]] = {}
        for run, history in rest:
            for subject in list_subjects(history):
                by_subject.setdefault((run.trigger.target, subject), []).append((run, history))
        largest = min(by_subject, key=lambda key: (-len(by_subject[key]), key), default=None)
        if largest is None or len(by_subject[largest]) < _LEAST:
            return found
        found[largest] = tuple(by_subject[largest])
        rest = [each for each in rest if each not in found[largest]]


def list_subjects(history: History) -> tuple[str, ...]:
    """Return what a proposal is about: its files without tests and documents, and its command."""
    files = history.change_set.files if history.change_set else ()
    paths = [
        each.path for each in files if not is_test_file(each.path) and not each.path.endswith(".md")
    ]
    diagnosis = history.diagnosis
    command = diagnosis.event_name if diagnosis and diagnosis.event.startswith("command.") else ""
    return tuple(dict.fromkeys([*paths, *([command] if command else [])]))


def _is_in_group(each: Waiting, group: ProposalGroup) -> bool:
    run, history = each
    return run.trigger.target == group.target and group.subject in list_subjects(history)
