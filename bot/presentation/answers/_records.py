"""Answers about more than one run: changes, costs, failures, use, what is broken or watched."""

from collections.abc import Sequence

from bot.domain.budget import Cap
from bot.domain.cost import Cost
from bot.domain.feature_request import FeatureRequest
from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.intents import Topic
from bot.domain.journal import FailureGroup, format_event_name
from bot.domain.memory import Recalled
from bot.domain.people import AllowList, PeopleList
from bot.domain.run import Run
from bot.domain.stop import Stop
from bot.domain.use import EventUse
from bot.memory.ranking import format_memory
from bot.presentation.answers._run import RUN_ANSWERS, format_run
from bot.presentation.cards import (
    fit_lines,
    format_incident_line,
    format_money,
    format_tokens,
    run_line,
    to_plain_text,
)
from bot.presentation.counts import format_count, format_people_count, format_times
from bot.presentation.feature_requests import format_request_line
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp

_MOST = 8
_ROOM = 1_600

Known = Sequence[tuple[Run, History]]
"""Runs with their records, the newest first."""


def render_changes(shipped: Known, when: str, last: tuple[Run, History] | None) -> str:
    """Return what was shipped `when` ("this week"), or what was shipped `last` if nothing was."""
    if not shipped:
        if last is None:
            return "I have shipped nothing yet."
        return f"I shipped nothing {when}. The last change was {_format_shipment(*last)}"
    head = format_count(len(shipped), "change")
    lines = [f"• {_format_shipment(*each)}" for each in shipped[:_MOST]]
    return _render_list(f"I shipped {head}{f' {when}' if when else ''}:", lines, len(shipped))


def _format_shipment(run: Run, history: History) -> str:
    shipment, change = history.shipment, history.change_set
    at = f" {format_timestamp(shipment.at, 'R')}, {shipment.summary}" if shipment else ""
    what = f": {escape_line(change.summary, 160)}" if change else ""
    note = " (a revert)" if run.goal == "revert" else ""
    return f"{format_run(run, history)}{at}{note}{what}"


def render_costs(spending: Cost | None, runs: Sequence[Run], when: str) -> str:
    """Return what models cost `when`, and the most expensive runs.

    `spending` is the total of the ledger; without a ledger, the costs of the `runs` are added up.
    """
    time = when or "so far"
    usd = spending.cost_usd if spending else sum(run.cost_usd for run in runs)
    used = (
        spending.tokens_in + spending.tokens_out
        if spending
        else sum(_count_tokens(run) for run in runs)
    )
    if not usd and not used:
        return f"Nothing: I paid for no model {time}. `/budget` shows what I may spend."
    paid = sorted((run for run in runs if run.cost_usd), key=lambda run: -run.cost_usd)
    lines = [f"• {format_money(run.cost_usd)}: {run_line(run)}" for run in paid[:_MOST]]
    return _render_list(f"{format_money(usd)} · {format_tokens(used)} {time}.", lines, len(paid))


def _count_tokens(run: Run) -> int:
    return run.tokens_in + run.tokens_out


def render_open_faults(
    incidents: Sequence[Incident],
    groups: Sequence[FailureGroup],
    fixed: Sequence[FailureGroup],
    when: str,
    stop: Stop | None,
) -> str:
    """Return the open incidents and the other failures `when`, or what is `fixed` by now."""
    going_on = [each for each in incidents if each.open and not each.is_watched]
    watched = [each for each in incidents if each.is_watched]
    covered = {each.fingerprint for each in (*going_on, *watched)}
    others = [group for group in groups if group.fingerprint not in covered]
    lines = [f"⛔ {stop.summary}"] if stop else []
    lines += [format_incident_line(each) for each in (*going_on, *watched)[:_MOST]]
    lines += [f"• {_group(group)}" for group in others[:_MOST]]
    if not (going_on or others):
        fix_note = (
            " For the incidents listed here, a fix is live, and I am watching it."
            if watched
            else ""
        )
        qualifier = " that is not fixed" if fixed else ""
        head = (
            f"Nothing that I know of: no open incident, and nothing failed {when}{qualifier}."
            f"{fix_note}"
        )
        lines.insert(0, head)
        lines += [f"• ✅ {_group(group)}; fixed since" for group in fixed[:_MOST]]
    else:
        lines.insert(0, f"Yes. This is what I saw {when}:")
        lines.append("Say “why does … fail?”, and I look into one of them.")
    return fit_lines(lines, _ROOM)


def _group(group: FailureGroup) -> str:
    error = group.newest.error
    what = f" ({to_plain_text(error.exception.rpartition('.')[2], 60)})" if error else ""
    times = format_times(group.count)
    return (
        f"{group.newest.called}{what} failed {times}, last {format_timestamp(group.last_seen, 'R')}"
    )


def render_failures(subject: str, groups: Sequence[FailureGroup], when: str) -> str:
    """Return when and how often the failures that match `subject` happened."""
    what = to_plain_text(subject, 60) or "anything"
    if not groups:
        return f"I know of no failure of {what} {when}."
    total = sum(group.count for group in groups)
    newest = max(groups, key=lambda group: group.last_seen)
    head = (
        f"{what[0].upper()}{what[1:]} failed {format_times(total)} {when}, "
        f"last {format_timestamp(newest.last_seen, 'R')}:"
    )
    lines = [f"• {_group(group)}, record `{group.newest.id[-8:]}`" for group in groups[:_MOST]]
    return _render_list(head, lines, len(groups))


def render_uses(uses: Sequence[EventUse], subject: str, when: str) -> str:
    """Return how often commands were used `when`, the most used first."""
    if not uses:
        return f"No one used {to_plain_text(subject, 60) or 'any command'} {when}."
    lines = []
    for each in uses[:_MOST]:
        people = f" by {format_people_count(each.people)}" if each.people else ""
        failed = f", {each.failures} of them failed" if each.failures else ""
        called = format_event_name(each.event)
        lines.append(f"• `{called}` {format_times(each.uses)}{people}{failed}")
    return _render_list(f"Used {when}:", lines, len(uses))


def render_watches(known: Known) -> str:
    """Return the changes that are being watched, or the newest verdict if there are none."""
    watching = [
        (run, history)
        for run, history in known
        if (history.watch or history.use_watch) and not (history.outcome or history.use_report)
    ]
    judged = [(run, history) for run, history in known if history.outcome or history.use_report]
    if not (watching or judged):
        return (
            "I am not watching anything: no shipped change is recent enough."
            if known
            else _NOTHING_SHIPPED
        )
    lines = [] if watching else ["I am not watching anything right now. The last change I watched:"]
    for run, history in (watching or judged[:1])[:_MOST]:
        status = " ".join(RUN_ANSWERS[Topic.WATCH](run, history, Cap()))
        lines.append(f"• {format_run(run, history)}: {status}")
    return fit_lines(lines, _ROOM)


_NOTHING_SHIPPED = "Nothing was shipped yet, so there is nothing to watch."


def render_waiting(runs: Sequence[Run]) -> str:
    """Return the runs that wait for a person's decision."""
    if not runs:
        return "Nothing is waiting for a person now."
    return _render_list(
        "Waiting for your decision:", [f"• {run_line(run)}" for run in runs], len(runs)
    )


def describe_live_commit(head: str, last: tuple[Run, History] | None) -> str:
    """Return the commit of the running checkout, and what was shipped last."""
    if not head:
        return "I cannot tell: I know of no checkout here."
    text = f"My checkout is at `{head[:7]}`."
    return text if last is None else f"{text} Shipped last: {_format_shipment(*last)}"


def render_memories(subject: str, found: Sequence[Recalled]) -> str:
    """Return what is remembered about `subject`, the best match first."""
    about = f" about {to_plain_text(subject, 60)}" if subject else ""
    if not found:
        return f"I remember nothing{about}. Say “remember that …”, and I note it."
    lines = [
        (
            f"• `{each.memory.key}` {to_plain_text(format_memory(each.memory), 200)} "
            f"({format_timestamp(each.memory.at, 'R')})"
        )
        for each in found[:_MOST]
    ]
    return _render_list(f"I remember{about}:", lines, len(found))


def render_people(people: AllowList, *, ships: bool) -> str:
    """Return who may do what, by the allow-lists; `ships`: the person who asks may ship."""
    approvers, developers = people.approvers, people.developers
    others = PeopleList(
        users=developers.users - approvers.users, roles=developers.roles - approvers.roles
    )
    same = "the same people"
    those = f"{same}, and {_format_people(others)}" if others.users or others.roles else same
    lines = [
        f"• ship, reject, lift an emergency stop: {_format_people(approvers)}",
        f"• ask for work, cancel, revise, pause: {those}",
        "You may ship." if ships else "You are not on the list of those who may ship.",
    ]
    return "\n".join(lines)


def _format_people(people: PeopleList) -> str:
    named = [f"<@{each}>" for each in sorted(people.users)]
    named += [f"<@&{each}>" for each in sorted(people.roles)]
    return ", ".join(named[:20]) or "no one"


def render_feature_requests(feature_requests: Sequence[tuple[FeatureRequest, Run | None]]) -> str:
    """Return what people have asked for, the request of most people first."""
    if not feature_requests:
        return (
            "Nobody has asked for something new yet. Use `/change`, or say for example “add a "
            "/coinflip command”."
        )
    lines = [format_request_line(feature_request, run) for feature_request, run in feature_requests]
    return _render_list("People have asked for:", lines, len(lines))


def _render_list(head: str, lines: Sequence[str], total: int) -> str:
    shown = fit_lines(lines[:_MOST], _ROOM)
    left = total - (shown.count("\n") + 1 if shown else 0)
    return "\n".join(filter(None, [head, shown, f"and {left} more" if left > 0 else ""]))
