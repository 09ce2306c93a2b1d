"""“Later”: reminds a person of an announcement that asks for something."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from bot.authority.authorizer import Authorizer
from bot.authority.end_times import parse_end_time
from bot.authority.policy import Act
from bot.domain.errors import ChatUnavailable, PortError, UnknownRun, WrongStage
from bot.domain.ids import create_run_id
from bot.domain.notices import REMINDER, NoticeDelivery, Reminder, SubjectKind, is_for_person
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.posts import MessageRef
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.notices.delivery import deliver
from bot.notices.preferences import NoticePreferences
from bot.notices.proposal_groups import ProposalGroups
from bot.notices.recipients import Recipients
from bot.notices.texts import render_reminder
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store

When = Literal["hour", "tomorrow"]

_SECONDS = 20.0
_MOST = 50  # reminders of one person
_log = structlog.stdlib.get_logger(__name__)
_FAILED = log_warnings(_log, "a reminder could not be sent; I will try again")


@dataclass(frozen=True, eq=False)
class NoticeReminders:
    """Stores reminders, and sends each once if what it is about still waits."""

    key_values: KeyValueStore
    store: Store
    groups: ProposalGroups
    preferences: NoticePreferences
    recipients: Recipients
    authorizer: Authorizer
    places: "ReminderPlaces"

    async def run_forever(self) -> None:
        """Send what is due, until cancelled."""
        await run_periodically(
            self.look, self.places.clock, _SECONDS, first_after=_SECONDS, tolerated=PortError,
            failed=_FAILED,
        )  # fmt: skip

    async def permit(self, person: Person, kind: SubjectKind, subject: str) -> None:
        """Raise `NotAuthorized` if the person may not read about it, `WrongStage` if it is over."""
        run_id = subject if kind == "run" else None
        await self.authorizer.ask(person, Act.READ, run_id)
        if not await self._is_waiting(kind, subject):
            raise WrongStage("That is decided already.")

    async def add(
        self, person: Person, kind: SubjectKind, subject: str, message: MessageRef, when: When
    ) -> datetime:
        """Store a reminder of a message and return when it comes; a new time replaces an old one.

        Raises `NotAuthorized`, `WrongStage` if it is decided or the person has too many, and
        `StoreError`.
        """
        await self.permit(person, kind, subject)
        now = self.places.clock.now()
        tomorrow = parse_end_time("tomorrow", now)
        due = now + timedelta(hours=1) if when == "hour" or tomorrow is None else tomorrow
        await self.drop(person.id, kind, subject)
        own = await self.key_values.list_records(f"{REMINDER}{person.id}:", Reminder)
        if len(own) >= _MOST:
            raise WrongStage(f"You have {len(own)} reminders already; decide about some first.")
        reminder = Reminder(
            id=create_run_id(), person_id=person.id, kind=kind, subject=subject, message=message,
            due=due,
        )  # fmt: skip
        await self.key_values.put(reminder.key, reminder)
        return due

    async def drop(self, person_id: int, kind: SubjectKind, subject: str) -> None:
        """Remove a person's reminder of an announcement, if there is one. Raises `StoreError`."""
        for each in await self.key_values.list_records(f"{REMINDER}{person_id}:", Reminder):
            if (each.kind, each.subject) == (kind, subject):
                await self.key_values.remove(each.key)

    async def look(self) -> None:
        """Send the reminders that are due. Raises `PortError`."""
        now = self.places.clock.now()
        for each in await self.key_values.list_records(REMINDER, Reminder):
            if each.due <= now and await self._send(each):
                await self.key_values.remove(each.key)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many reminders the person waits for. Raises `StoreError`."""
        return len(await self.key_values.list_records(f"{REMINDER}{subject.id}:", Reminder))

    async def erase(self, subject: DataSubject) -> int:
        """Remove the person's reminders; return how many. Raises `StoreError`."""
        own = await self.key_values.list_records(f"{REMINDER}{subject.id}:", Reminder)
        for each in own:
            await self.key_values.remove(each.key)
        return len(own)

    async def _send(self, reminder: Reminder) -> bool:
        """Send a reminder if it still counts; return whether it is done with."""
        run = await self._find_run(reminder.subject) if reminder.kind == "run" else None
        if not await self._is_waiting(reminder.kind, reminder.subject):
            return True
        target = run.trigger.target if run else OWN_TARGET
        try:
            person = await self.recipients.find(reminder.person_id, Act.READ, target)
        except ChatUnavailable as error:
            _log.warning("a reminder is sent later: %s", error)
            return False
        if person is None:
            return True
        settings = await self.preferences.get(reminder.person_id)
        direct = settings.approval is NoticeDelivery.DIRECT
        delivery = NoticeDelivery.DIRECT if direct else NoticeDelivery.MENTION
        post = render_reminder(reminder, run, self.places.build_link(reminder.message))
        channel_id = reminder.message.channel_id
        key = f"{reminder.key}:{reminder.due.isoformat()}"
        await deliver(self.places.chat, delivery, person.id, channel_id, post, key)
        return True

    async def _is_waiting(self, kind: SubjectKind, subject: str) -> bool:
        if kind == "group":
            return await self.groups.find(subject) is not None
        if kind != "run":
            return True
        run = await self._find_run(subject)
        return run is not None and is_for_person(run)

    async def _find_run(self, run_id: str) -> Run | None:
        try:
            return await self.store.get(run_id)
        except UnknownRun:
            return None


@dataclass(frozen=True)
class ReminderPlaces:
    """Where reminders are posted, and the address that links to messages begin with, if any."""

    chat: Chat
    clock: Clock
    address: str = ""

    def build_link(self, message: MessageRef) -> str:
        """Return the address of a message in the chat; empty if there is none."""
        if not self.address:
            return ""
        return f"{self.address}/{message.channel_id}/{message.message_id}"
