"""Judges the origin of a failure: rules in order, then what happened around the failure."""

from collections.abc import Sequence
from typing import Literal

from bot.domain.journal import Action, ActionOutcome, FailureGroup, Kind
from bot.domain.triage import Origin, Triage
from bot.triage._clues import Clues
from bot.triage._own_rules import CRASHES, check_refusal, check_storage
from bot.triage._remedies import list_refusal_remedies, list_remedies
from bot.triage._rules import RuleFinding, check_environment, check_outside

Confidence = Literal["low", "medium", "high"]

_SAME_TIME = 600.0  # seconds
_FEW = 2  # with more people than that, the cause is not one person's input
_PATIENCE = 3.0  # Discord's time limit in seconds for the first answer to an interaction
_TYPED = (Kind.COMMAND, Kind.CONTEXT_MENU, Kind.COMPONENT, Kind.CHAT)


def triage(
    group: FailureGroup | None,
    *,
    users: int = 0,
    nearby: Sequence[FailureGroup] = (),
    timeline: Sequence[Action] = (),
    changed: Sequence[str] = (),
    since_worked: Sequence[str] = (),
    counted: bool = True,
) -> Triage:
    """Return the origin of a failure, with reasons as people read them. Pure and deterministic.

    `users` is the number of people affected (0 if unknown), `nearby` other failures, `timeline`
    actions of the same event including successful ones. `changed` are commits that lately changed
    the code in the traceback, best first; `since_worked` are those that changed the code it uses
    since it last worked. With `counted`, the reasons say how often and to how many people it
    happened; an incident shows these numbers itself. Types, codes and frames decide; a message only
    if a known library wrote it.
    """
    if group is None or group.newest.error is None:
        late = group is not None and group.newest.outcome is ActionOutcome.TIMEOUT
        what = "it took too long" if late else "nothing raised"
        return Triage(reasons=(f"{what}, and no exception was recorded",))
    return _Judge(group, users, nearby, timeline, changed, since_worked, counted).judge()


class _Judge:
    def __init__(
        self,
        group: FailureGroup,
        users: int,
        nearby: Sequence[FailureGroup],
        timeline: Sequence[Action],
        changed: Sequence[str],
        since_worked: Sequence[str],
        counted: bool,
    ) -> None:
        if group.newest.error is None:
            raise AssertionError("there is nothing to judge without a capsule")
        self._group = group
        self._clues = Clues(group.newest.error)
        self._users = users
        self._nearby = tuple(other for other in nearby if _is_simultaneous(group, other))
        good = [action.ts for action in timeline if action.outcome is ActionOutcome.OK]
        self._worked = any(at < group.first_seen for at in good)
        self._works = any(at > group.first_seen for at in good)
        self._has_recovered = any(at > group.last_seen for at in good)
        self._changed = changed
        self._since_worked = since_worked
        self._counted = counted

    def judge(self) -> Triage:
        clues = self._clues
        if clues.is_a(*CRASHES) and not _is_deliberate_refusal(clues):
            return self._judge_crash()
        if clues.is_blocking:
            why = RuleFinding(f"it kept the event loop from answering anybody, at {clues.place}")
            return self._build_triage(Origin.CODE, why, "high")
        if clues.answered_late:
            return self._judge_late_answer()
        if found := check_environment(clues):
            return self._build_triage(Origin.ENVIRONMENT, found, "high" if found.sure else "medium")
        if found := check_outside(clues):
            return self._judge_outside(found)
        if found := check_storage(clues):
            return self._build_triage(Origin.DATA, found, "high" if found.sure else "medium")
        if found := self._check_refusal():
            if not found.sure and self._since_worked:
                return self._judge_unhandled_refusal(found)
            told = self._build_triage(Origin.INPUT, found, "high" if found.sure else "medium")
            return told if found.sure else told.replace(remedies=list_refusal_remedies(clues))
        return self._judge_rest()

    def _check_refusal(self) -> RuleFinding | None:
        if self._group.newest.kind not in _TYPED:
            return None
        return check_refusal(
            self._clues, works=self._works or self._worked, alone=self._users <= _FEW
        )

    @property
    def _took(self) -> float:
        """The duration in seconds, as far as it was recorded."""
        return (self._group.newest.duration_ms or 0.0) / 1000

    def _judge_late_answer(self) -> Triage:
        """Judge an answer that came too late.

        It is the command's own fault, unless other commands were late too: a command must defer
        within Discord's time limit, whatever it waits for.
        """
        if self._took < _PATIENCE:
            why = "the time went by before it began: the network, or this machine was busy"
        elif self._late_as_well:
            names = ", ".join(sorted({f"`{each.event}`" for each in self._late_as_well}))
            why = f"{names} answered too late at that moment as well: this machine was busy"
        else:
            return self._judge_slow_answer()
        told = f"too slow, not broken: Discord waits {_PATIENCE:.0f} s, and {why}"
        return self._build_triage(Origin.ENVIRONMENT, RuleFinding(told), "high")

    @property
    def _late_as_well(self) -> list[FailureGroup]:
        """Other actions that answered too late while this one ran."""
        return [
            each
            for each in self._nearby
            if each.event != self._group.event
            and each.newest.error is not None
            and Clues(each.newest.error).answered_late
            and abs((each.last_seen - self._group.last_seen).total_seconds()) <= self._took
        ]

    def _judge_slow_answer(self) -> Triage:
        """Judge an answer that came too late because of the command itself."""
        why = f"it took {self._took:.1f} s to answer, and Discord waits {_PATIENCE:.0f} s"
        if self._since_worked:
            changed = f"`{self._since_worked[0][:7]}` changed that code since it last worked"
            return self._build_triage(Origin.CODE, RuleFinding(f"{why}; {changed}"), "medium")
        where = f"; it stood at {self._clues.place}" if self._clues.is_late_answer else ""
        return self._build_triage(Origin.CODE, RuleFinding(why + where), "medium")

    def _judge_unhandled_refusal(self, found: RuleFinding) -> Triage:
        """Judge a refusal that people saw as an error, in code that changed since it worked.

        The commit may have removed what caught it; a replay can show that.
        """
        where = f"`{self._since_worked[0][:7]}` changed that code since it last worked"
        why = RuleFinding(f"{found.why}, but people met an error instead of the reason; {where}")
        return self._build_triage(Origin.CODE, why, "medium")

    def _judge_crash(self) -> Triage:
        """Judge a crash. It is our fault: input from people or other services must be checked."""
        clues = self._clues
        if not clues.ours:
            return Triage(reasons=(f"{clues.name}, and no line of ours was on the way",))
        if found := check_storage(clues):
            return self._build_triage(Origin.DATA, found, "medium")
        why = f"{clues.name} at {clues.place}"
        if clues.network_programs:
            why += "; what another service answers is to be checked"
        elif clues.capsule.inputs:
            why += "; whatever was typed must not end so"
        return self._build_triage(Origin.CODE, RuleFinding(why), "high")

    def _judge_outside(self, found: RuleFinding) -> Triage:
        same = [each for each in self._nearby if _is_outside_failure(each, self._clues)]
        surer = found.sure and (self._group.count > 1 or bool(same) or self._has_recovered)
        more = [_describe_others(same)] if same else []
        if self._has_recovered:
            more.append("it has worked again since")
        level: Confidence = "high" if surer else "medium"
        return self._build_triage(Origin.OUTSIDE, found, level, *more, whose=found.whose)

    def _judge_rest(self) -> Triage:
        clues = self._clues
        late = clues.is_a("TimeoutError", "asyncio.exceptions.TimeoutError")
        elsewhere = [each for each in self._nearby if _is_outside_failure(each, None)]
        if late and clues.ours and elsewhere:
            why = RuleFinding("it took too long while something outside fails", sure=False)
            others, party = _describe_others(elsewhere), _get_party(elsewhere[0])
            return self._build_triage(Origin.OUTSIDE, why, "low", others, whose=party)
        if not clues.ours:
            return Triage(
                reasons=(f"{clues.capsule.exception}, and no line of ours was on the way",)
            )
        if late:
            why = RuleFinding(f"our own time limit ran out around our own code, at {clues.place}")
            return self._build_triage(Origin.CODE, why, "medium")
        what = "raised on purpose" if clues.capsule.deliberate else clues.name
        where = RuleFinding(f"{what} at {clues.place}")
        return self._build_triage(Origin.CODE, where, "high" if self._changed else "medium")

    def _build_triage(
        self,
        origin: Origin,
        found: RuleFinding,
        confidence: Confidence,
        *more: str,
        whose: str = "",
    ) -> Triage:
        often = self._counted and self._group.count > 1
        times = f"{self._group.count} times " if often else ""
        reasons = [f"{times}{found.why}", *more]
        if self._counted and self._users > 1:
            reasons.append(f"it happened to {self._users} people")
        if origin is Origin.CODE:
            reasons += self._describe_history()
        if origin is not Origin.OUTSIDE:
            return Triage(origin=origin, reasons=tuple(reasons), confidence=confidence)
        party = whose or self._clues.whose
        return Triage(
            origin=origin,
            reasons=tuple(reasons),
            confidence=confidence,
            whose=party,
            remedies=list_remedies(self._clues, party),
        )

    def _describe_history(self) -> list[str]:
        reasons = ["it had worked before"] if self._worked else []
        if self._changed:
            reasons.append(f"`{self._changed[0][:7]}` lately changed that code")
        return reasons


def _is_deliberate_refusal(clues: Clues) -> bool:
    """Return whether our own exception type, derived from a crash's type, refuses on purpose."""
    return clues.own_type and clues.capsule.deliberate


def _is_simultaneous(group: FailureGroup, other: FailureGroup) -> bool:
    """Return whether two failures happened within ten minutes of each other."""
    if other.event == group.event and other.fingerprint == group.fingerprint:
        return False
    begins = (other.first_seen - group.last_seen).total_seconds()
    ends = (group.first_seen - other.last_seen).total_seconds()
    return max(begins, ends) <= _SAME_TIME


def _is_outside_failure(group: FailureGroup, like: Clues | None) -> bool:
    """Return whether another failure is someone else's: that of `like`, if given."""
    if group.newest.error is None:
        return False
    clues = Clues(group.newest.error)
    if clues.is_a(*CRASHES) or check_environment(clues) or not check_outside(clues):
        return False
    return like is None or clues.whose == like.whose


def _get_party(group: FailureGroup) -> str:
    clues = Clues(group.newest.error) if group.newest.error else None
    return clues.whose if clues else ""


def _describe_others(groups: Sequence[FailureGroup]) -> str:
    names = sorted({f"`{group.event}`" for group in groups})
    more = len(names) - 3
    shown = ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
    return f"{shown} fail{'s' if len(names) == 1 else ''} at the same time for the same reason"
