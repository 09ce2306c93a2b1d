"""Lists the commands that a shipped change added or changed, by their journal events."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from theseus_rehearsal.records import CommandStep, MenuStep, ScriptStep, TogetherStep

from bot.domain.brief import Acceptance, Brief
from bot.domain.cogs import get_cog_name
from bot.domain.history import History
from bot.domain.journal import Kind
from bot.self_improvement.requests.change_context import extract_tokens


class ChangedEvents(NamedTuple):
    """The events that users see changed by a change, and those of them that are new."""

    events: tuple[str, ...]
    new: tuple[str, ...]


def list_changed_events(history: History, commands: Mapping[str, str]) -> ChangedEvents:
    """Return the events a change affects; `commands` maps current commands to their cogs.

    These are the commands whose output its examples show, and new commands of the changed cogs.
    Without examples, they are the commands of these cogs that the brief mentions, or all of them.
    """
    brief, change = history.brief, history.change_set
    context = history.evidence.context if history.evidence else None
    if brief is None or change is None:
        return ChangedEvents((), ())
    found = dict.fromkeys(
        each for example in brief.acceptances for each in _iterate_commands(example)
    )
    cogs = {get_cog_name(file.path) for file in change.files} - {""}
    cog_commands = sorted(name for name, cog in commands.items() if cog in cogs)
    known = {each.name for each in context.commands} if context else commands.keys()
    affected = cog_commands if brief.acceptances else _filter_mentioned(cog_commands, brief)
    new = {f"{Kind.COMMAND}.{name}" for name in commands.keys() - known}
    for name in affected:
        event = f"{Kind.COMMAND}.{name}"
        if event in new or not brief.acceptances:
            found[event] = None
    return ChangedEvents(tuple(found), tuple(each for each in found if each in new))


def _iterate_commands(example: Acceptance) -> Iterator[str]:
    """Yield the commands whose output an example shows, or else all that it uses."""
    steps = example.script.steps
    looked_at = [steps[each.step] for each in example.wanted if each.step < len(steps)]
    yield from list(_iterate_events(looked_at)) or _iterate_events(steps)


def _iterate_events(steps: Collection[ScriptStep]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, TogetherStep):
            yield from _iterate_events(step.together)
        elif isinstance(step, CommandStep):
            yield f"{Kind.COMMAND}.{step.command}"
        elif isinstance(step, MenuStep):
            yield f"{Kind.CONTEXT_MENU}.{step.menu}"


def _filter_mentioned(names: Collection[str], brief: Brief) -> Collection[str]:
    """Return the names whose words are all mentioned, else those with any, else all names."""
    request_tokens = extract_tokens(brief.request)
    complete = [name for name in names if set(name.split()) <= request_tokens]
    return complete or [name for name in names if set(name.split()) & request_tokens] or names
