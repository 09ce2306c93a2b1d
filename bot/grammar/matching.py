"""Which failure somebody means: by error id, by text, or by what failed last nearby."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bot.domain.journal import Action, ActionOutcome, FailureGroup
from bot.domain.request_match import Named
from bot.domain.run import Trigger
from bot.domain.samples import OWN_KINDS
from bot.grammar.changes import is_change_request, is_failure_statement
from bot.grammar.incorrect_output import is_no_response_report
from bot.grammar.likeness import Fitting, extract_stems, find_fitting_failures


@dataclass(frozen=True)
class FailureMatch:
    """The failures that a request is about.

    `groups` are of one action, best first. If they are empty, the `likely` ones may be meant.
    `searched` says for people what was looked for; `idle` are named commands that have not failed.
    `named` says how the failure was named: exactly (by an error id or command), by other words, or
    not.
    """

    groups: tuple[FailureGroup, ...] = ()
    likely: tuple[FailureGroup, ...] = ()
    searched: str = ""
    idle: tuple[str, ...] = ()
    named: Named = "exactly"
    change: bool = False


def exclude_own_work(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return the failures without those of the bot's work on its code: no one means these."""
    return tuple(group for group in groups if group.newest.kind not in OWN_KINDS)


def match_failures(
    trigger: Trigger,
    failures: tuple[FailureGroup, ...],
    named: Action | None,
    commands: Collection[str] = (),
) -> FailureMatch:
    """Return which of the recent `failures` somebody means.

    `named` is the record of the trigger's `error_id`, if there is one. A named error has priority
    over words, and words over what failed last nearby. `commands` are all existing commands.
    """
    if trigger.error_id:
        if named and named.error:
            found = _find_by_fingerprint(failures, named)
            return FailureMatch(found, searched=f"the error `{trigger.error_id}`")
        if named:
            return FailureMatch(searched=f"what made `{trigger.error_id}` take long")
        if not trigger.subject:
            return FailureMatch(searched=f"the error `{trigger.error_id}`")
    if trigger.subject:
        searched = f"failures that fit “{trigger.subject}”"
        if trigger.origin == "person" and _is_change_request(trigger):
            return FailureMatch(searched=searched, change=True)
        fails = is_failure_statement(trigger.text)
        meant_by = _build_match(
            find_fitting_failures(trigger.subject, failures, commands, fails=fails), searched
        )
        if not is_no_response_report(trigger.text):
            return meant_by
        return replace(meant_by, groups=_sort_unanswered_first(meant_by.groups))
    here = {trigger.place.channel_id, trigger.place.thread_id} - {None}
    local = tuple(group for group in failures if group.newest.channel_id in here)
    return FailureMatch(
        (local or failures)[:1], searched="the most recent failure", named="not at all"
    )


def _is_change_request(trigger: Trigger) -> bool:
    """Return whether the text or its subject asks for something that has not failed.

    A subject taken from the text may look like an order by itself: `write 2 hours in /remind` in
    "when I write 2 hours in /remind it falls over".
    """
    taken = extract_stems(trigger.subject) <= extract_stems(trigger.text)
    return is_change_request(trigger.text) or (not taken and is_change_request(trigger.subject))


def _build_match(found: Fitting, searched: str) -> FailureMatch:
    return FailureMatch(
        found.certain,
        likely=() if found.certain else found.likely,
        searched=searched,
        idle=found.idle,
        named="exactly" if found.named else "in words",
    )


def _sort_unanswered_first(groups: tuple[FailureGroup, ...]) -> tuple[FailureGroup, ...]:
    """Return the failures of one action, those first whose user got no answer."""
    missing = [each for each in groups if each.newest.outcome is ActionOutcome.NO_RESPONSE]
    return (*missing, *(each for each in groups if each not in missing))


def _find_by_fingerprint(
    failures: tuple[FailureGroup, ...], named: Action
) -> tuple[FailureGroup, ...]:
    capsule = named.error
    if capsule is None:
        return ()
    same = tuple(group for group in failures if group.fingerprint == capsule.fingerprint)
    return same or (
        FailureGroup(
            fingerprint=capsule.fingerprint,
            event=named.event,
            count=1,
            first_seen=named.ts,
            last_seen=named.ts,
            newest=named,
            action_ids=(named.id,),
        ),
    )
