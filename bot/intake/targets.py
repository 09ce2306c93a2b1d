"""Which bot a request is about: by name, by channel, or by what has failed in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.authority.policy import Act, is_allowed_here
from bot.domain.errors import WrongStage
from bot.domain.evidence import Diagnosis, Evidence, RequestAnswer
from bot.domain.guilds import AllowLists
from bot.domain.journal import FailureGroup
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.domain.target import OWN_TARGET
from bot.grammar.target_names import find_target_names
from bot.intake.failures import FailureMatcher
from bot.intake.incidents import ReportedIncidents
from bot.monitoring.failure_reports import FailureReports
from bot.presentation.missing_failure import build_owner_question, build_target_question


@dataclass(frozen=True, eq=False)
class KnownTarget:
    """What is known of one bot. Without `incidents` and `reports`, it is not monitored."""

    name: str
    matcher: FailureMatcher
    people: AllowLists
    channel_id: int | None = None
    incidents: ReportedIncidents | None = None
    reports: FailureReports | None = None

    def is_open_to(self, person: Person) -> bool:
        """Return whether the person may ask for work on this bot."""
        return is_allowed_here(self.people, person, Act.ASK)


@dataclass(frozen=True, eq=False)
class KnownTargets:
    """Theseus itself, and the other bots by name."""

    own: KnownTarget
    others: Mapping[str, KnownTarget] = field(default_factory=dict)

    @property
    def every(self) -> tuple[KnownTarget, ...]:
        """All bots, Theseus first."""
        return (self.own, *self.others.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all bots, Theseus first."""
        return (self.own.name, *self.others)

    def get(self, name: str) -> KnownTarget:
        """Return the bot of that name. Raises `WrongStage` if it is in no configuration."""
        found = self.own if name == OWN_TARGET else self.others.get(name)
        if found is None:
            raise WrongStage(
                f"I do not look after a bot named `{name[:40]}`. I know {', '.join(self.names)}."
            )
        return found

    def find(self, name: str) -> KnownTarget | None:
        """Return the bot of that name, if it is in the configuration."""
        return self.own if name == OWN_TARGET else self.others.get(name)

    def find_by_channel(self, place: Place) -> KnownTarget | None:
        """Return the other bot whose channel it is, if it is the channel of exactly one."""
        here = {place.channel_id, place.thread_id} - {None}
        found = [each for each in self.others.values() if each.channel_id in here]
        is_own = self.own.channel_id in here
        return found[0] if len(found) == 1 and not is_own else None

    def strip_names(self, text: str) -> str:
        """Return a text without the names of the other bots, to be parsed and matched."""
        return find_target_names(text, self.others).rest

    def find_named(self, text: str, place: Place) -> str:
        """Return the bot that a text names, or else that its channel is for, or else Theseus."""
        names = find_target_names(text, self.others).names
        if len(names) == 1:
            return names[0]
        here = None if names else self.find_by_channel(place)
        return OWN_TARGET if here is None else here.name

    def name_target(self, trigger: Trigger) -> Trigger:
        """Return the trigger with the bot that its words name, or else that its channel is for."""
        name = self.find_named(trigger.text or trigger.subject, trigger.place)
        if name == OWN_TARGET:
            return trigger
        return trigger.replace(target=name, subject=self.strip_names(trigger.subject))

    async def resolve(self, trigger: Trigger) -> Trigger | RequestAnswer:
        """Return the trigger with its bot, or the question which bot is meant.

        A bot counts only if the person may ask for work on it, so that nothing is revealed about
        the others. Raises `JournalError`, `StoreError`.
        """
        is_known = trigger.target != OWN_TARGET or trigger.incident is not None
        if not self.others or is_known or trigger.origin != "person":
            return trigger
        if trigger.error_id is not None:
            return await self._resolve_record(trigger)
        resolved = self.name_target(trigger)
        if resolved.target != OWN_TARGET:
            return resolved
        return await self._resolve_evidence(trigger)

    async def _resolve_record(self, trigger: Trigger) -> Trigger:
        """Return the trigger with the bot in whose journal the record is."""
        for each in self.every:
            if await each.matcher.has_record(trigger.error_id or ""):
                return trigger.replace(target=each.name)
        return trigger

    async def _resolve_evidence(self, trigger: Trigger) -> Trigger | RequestAnswer:
        """Return the trigger with the only bot in which something failed that it refers to."""
        named = find_target_names(trigger.text or trigger.subject, self.others).names
        possible = [
            each
            for each in self.every
            if each.is_open_to(trigger.person) and (not named or each.name in named)
        ]
        found = [(each, await each.matcher.find_evidence(trigger)) for each in possible]
        for has_evidence in (_is_certain, _is_likely):
            fitting = [(each, evidence) for each, evidence in found if has_evidence(evidence)]
            if len(fitting) == 1:
                return trigger.replace(target=fitting[0][0].name)
            if fitting:
                return RequestAnswer(diagnosis=_ask_which(fitting))
        return self._resolve_command(trigger, found)

    def _resolve_command(
        self, trigger: Trigger, found: Sequence[tuple[KnownTarget, Evidence]]
    ) -> Trigger | RequestAnswer:
        """Return the trigger with the bot that has the command which it names.

        The command has not failed. If Theseus has it too, Theseus is meant.
        """
        owners = [each for each, evidence in found if _has_named_command(each, evidence)]
        if self.own in owners or not owners:
            return trigger
        if len(owners) > 1:
            names = [each.name for each in owners]
            return RequestAnswer(diagnosis=build_owner_question(names))
        return trigger.replace(target=owners[0].name)


def _is_certain(evidence: Evidence) -> bool:
    """Return whether the words refer to a failure, and not only to the newest one."""
    is_named = bool(evidence.groups) and evidence.named != "not at all"
    return is_named or evidence.before_fix is not None


def _is_likely(evidence: Evidence) -> bool:
    return bool(evidence.likely)


def _has_named_command(target: KnownTarget, evidence: Evidence) -> bool:
    return not set(evidence.idle).isdisjoint(target.matcher.commands())


def _ask_which(found: Sequence[tuple[KnownTarget, Evidence]]) -> Diagnosis:
    failures = [
        (target.name, group)
        for target, evidence in found
        for group in (evidence.groups or evidence.likely or _list_fixed(evidence))[:1]
    ]
    return build_target_question(failures)


def _list_fixed(evidence: Evidence) -> tuple[FailureGroup, ...]:
    return () if evidence.before_fix is None else (evidence.before_fix,)
