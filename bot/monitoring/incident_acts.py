"""What people decide about an incident: who works on it, whether it is silent, whose fault it is.

The chat and the dashboard both call this; each act asks for the person's rights, and is audited.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from theseus_observe.redaction import redact

from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds, WrongStage
from bot.domain.ids import create_sortable_id
from bot.domain.incident import Assignee, Incident
from bot.domain.incident_comments import LONGEST_COMMENT, IncidentComment
from bot.domain.people import Person
from bot.domain.triage import Origin, Triage
from bot.monitoring.incident_comments import CommentStore, clean_comment
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock

LONGEST_MUTE = timedelta(days=30)
MOST_TIMES = 1_000_000
A_DAY = timedelta(days=1)
LATER = timedelta(hours=3)
_THIRD_PARTY = "a person decided that it is a third party's"


class Permission(Protocol):
    """Raises `NotAuthorized` if a person may not do an act, and audits it."""

    def __call__(self, person: Person, act: Act, *, note: str, target: str) -> Awaitable[None]:
        """Return if the person may."""
        ...


@dataclass(frozen=True, eq=False)
class IncidentActs:
    """The acts of people on the incidents of one target.

    Rights are asked for before an incident is looked up, so that only people who may act learn
    which incidents exist. Each method raises `NotAuthorized`, `WrongStage` for an unknown incident,
    and `StoreError`. `list_readable` returns the targets whose work a person may look at.
    """

    incident_repository: IncidentRepository
    comments: CommentStore
    permit: Permission
    list_readable: Callable[[Person], frozenset[str]]
    clock: Clock
    target: str

    async def assign(self, incident_id: str, person: Person, assignee: Person | None) -> Incident:
        """Let this person look after the incident; `None`: nobody.

        Whoever gets it from somebody else is informed in the chat. Raises `OutOfBounds` if they may
        not look at it.
        """
        name = assignee.name if assignee is not None else "nobody"
        incident = await self._admit(incident_id, person, f"assign incident {{}} to {name}")
        if assignee is not None and self.target not in self.list_readable(assignee):
            raise OutOfBounds(
                f"{assignee.name} is not on the list of people who may look at my work, "
                "so I cannot give them an incident."
            )
        if assignee is None:
            return await self._change(incident, assignee=None)
        assignment = Assignee(
            person=_strip(assignee),
            by=_strip(person),
            at=self.clock.now(),
            is_informed=assignee.id == person.id,
        )
        return await self._change(incident, assignee=assignment)

    async def ignore(
        self,
        incident_id: str,
        person: Person,
        *,
        span: timedelta | None = None,
        times: int | None = None,
    ) -> Incident:
        """Announce the fault no more for this long, or until it has happened so often from now on.

        When this ends and the incident is still open, the chat says so. Raises `OutOfBounds`.
        """
        note = f"mute incident {{}} {_describe_mute(span, times)}"
        incident = await self._admit(incident_id, person, note)
        now, who = self.clock.now(), _strip(person)
        if span is not None and timedelta(minutes=1) <= span <= LONGEST_MUTE:
            until = now + span
            self.incident_repository.mute(incident.anomaly_keys, who, until)
            return await self._change(incident, muted_until=until, muted_to=None, muted_by=who)
        if span is None and times is not None and 1 <= times <= MOST_TIMES:
            if incident.is_for_people:
                raise OutOfBounds("It does not happen again and again. Ignore it for a time.")
            self.incident_repository.unmute(incident.anomaly_keys, now)
            return await self._change(
                incident, muted_until=None, muted_to=incident.count + times, muted_by=who
            )
        raise OutOfBounds(
            f"Say for how long (a minute to {LONGEST_MUTE.days} days), or how many times it has to "
            f"happen first (1 to {MOST_TIMES:,})."
        )

    async def unmute(self, incident_id: str, person: Person) -> Incident:
        """Ignore the incident no longer."""
        incident = await self._admit(incident_id, person, "unmute incident {}")
        self.incident_repository.unmute(incident.anomaly_keys, self.clock.now())
        return await self._change(incident, muted_until=None, muted_to=None, muted_by=None)

    async def mark_third_party(self, incident_id: str, person: Person) -> Incident:
        """Classify the fault as a third party's; the rules do not classify it again."""
        incident = await self._admit(incident_id, person, "mark incident {} as a third party's")
        triage = Triage(
            origin=Origin.OUTSIDE,
            reasons=(_THIRD_PARTY, *incident.triage.reasons[:3]),
            confidence="high",
        )
        return await self._change(incident, triage=triage, triage_by=_strip(person))

    async def mark_ours(self, incident_id: str, person: Person) -> Incident:
        """Let the rules classify the fault again."""
        incident = await self._admit(incident_id, person, "let the rules judge incident {}")
        if incident.triage_by is None:
            return incident
        return await self._change(incident, triage=Triage(), triage_by=None, judged_count=0)

    async def add_comment(self, incident_id: str, person: Person, text: str) -> Incident:
        """Add a comment. Raises `OutOfBounds` if it is empty or too long."""
        incident = await self._admit(incident_id, person, "comment on incident {}")
        now = self.clock.now()
        comment = IncidentComment(
            id=create_sortable_id(now), person=_strip(person), text=clean_comment(text), at=now
        )
        await self.comments.put(incident.id, comment)
        return incident

    async def take_message(
        self, incident_id: str, person: Person, message_id: int, text: str, at: datetime
    ) -> bool:
        """Add a message of the incident's thread as a comment, or its new text; return whether.

        Messages of people who may not look at the incident are not stored. Nothing is audited: the
        message stands in the chat with its author's name.
        """
        if person.bot or self.target not in self.list_readable(person) or not text.strip():
            return False
        said = redact(text).strip()[:LONGEST_COMMENT]
        comment = IncidentComment(
            id=f"message:{message_id}", person=_strip(person), text=said, at=at
        )
        try:
            await self.comments.put(incident_id, comment)
        except WrongStage:
            return False
        return True

    async def drop_message(self, incident_id: str, message_id: int) -> bool:
        """Remove the comment of a message that was deleted; return whether there was one."""
        return await self.comments.remove(incident_id, f"message:{message_id}")

    async def _admit(self, incident_id: str, person: Person, note: str) -> Incident:
        """Return the incident once the person is known to have the right to decide about it."""
        wanted = incident_id.strip(" `").lower()
        known = self.incident_repository.get(wanted)
        keys = f": {', '.join(sorted(known.anomaly_keys))}" if known is not None else ""
        await self.permit(
            person, Act.STEER, note=f"{note.format(wanted[:20])}{keys}", target=self.target
        )
        found = self.incident_repository.get(wanted)
        if found is None:
            raise WrongStage(f"There is no incident `{wanted[:20]}`.")
        return found

    async def _change(self, incident: Incident, **changes: object) -> Incident:
        changed = self.incident_repository.change(incident.id, **changes)
        await self.incident_repository.flush()
        return changed


def _strip(person: Person) -> Person:
    """Return the person without roles and place, which are not worth storing."""
    return Person(id=person.id, name=person.name)


def _describe_mute(span: timedelta | None, times: int | None) -> str:
    if span is not None:
        return f"for {span / timedelta(hours=1):g} h"
    return f"until it happens {times} times" if times is not None else ""
