"""Which shipped fix somebody means when they write about a failure that is fixed."""

import re
from collections.abc import Collection, Mapping

from bot.domain.journal import Action, FailureGroup
from bot.domain.run import Trigger
from bot.domain.shipped_fix import ShippedFix, get_start_time
from bot.grammar.likeness import extract_stems, find_explained, stem
from bot.grammar.matching import FailureMatch, match_failures

_FIXED = re.compile(
    r"\b(?:(?:you|we|bot|theseus)(?:'ve| have| had)? (?:just |already |once )?"
    r"(?:fixed|mended|repaired|patched|solved)|your (?:fix|patch|repair)|(?:was|were|got) "
    r"(?:fixed|mended|repaired|patched|solved))\b",
    re.IGNORECASE,
)
_TELLING = """
    fixed mended repaired patched solved fix patch repair you your we was were got have had just
    already once back again returned regressed yesterday today last week month day morning night
    ago since still what which that who it theseus happens happening came come
"""
_TIME_STEMS = frozenset(stem(word) for word in _TELLING.split())


def find_fix(trigger: Trigger, fixes: Collection[ShippedFix]) -> ShippedFix | None:
    """Return the earlier fix that somebody mentions; None if that is not clear.

    All words about it must occur in its run's subject, and in that of no other action.
    """
    if trigger.origin != "person" or not _FIXED.search(trigger.statement):
        return None
    asked = extract_stems(trigger.subject) - _TIME_STEMS
    fitting = [
        each
        for each in fixes
        if asked and find_explained(asked, extract_stems(each.about)) == asked
    ]
    if len({each.event for each in fitting}) != 1:
        return None
    return max(fitting, key=lambda each: each.merged_at)


def find_failure_before_fix(
    trigger: Trigger,
    asked: FailureMatch,
    named: Action | None,
    past_failures: tuple[FailureGroup, ...],
    fixes: Mapping[str, ShippedFix],
    commands: Collection[str],
) -> FailureGroup | None:
    """Return the failure that is meant and that a fix has ended, if there is one."""
    if trigger.error_id and named is not None and named.error is not None:
        meant_now = asked.groups[0]
        fix = fixes.get(meant_now.fingerprint)
        return (
            meant_now
            if fix is not None and fix.is_later_than(get_start_time(meant_now.newest))
            else None
        )
    if asked.groups or asked.change or not past_failures:
        return None
    before = match_failures(trigger, past_failures, named, commands)
    return before.groups[0] if before.groups else None
