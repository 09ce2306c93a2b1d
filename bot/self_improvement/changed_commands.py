"""Which commands a shipped change brought or changed, as the journal calls them."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from bot.domain.brief import Acceptance, Brief
from bot.domain.cogs import get_cog_name
from bot.domain.history import History
from bot.domain.journal import Kind
from bot.domain.rehearsal import CommandStep, MenuStep, ScriptStep, TogetherStep
from bot.self_improvement.change_context import extract_tokens


class ChangedEvents(NamedTuple):
    """The events of what people use otherwise since a change, and those of them that are new."""

    events: tuple[str, ...]
    new: tuple[str, ...]


def list_changed_events(history: History, commands: Mapping[str, str]) -> ChangedEvents:
    """Return what people use otherwise since a change; `commands` are there now, each with its cog.

    Those whose answers its examples show, and new ones of the changed cogs. Without examples, the
    commands of these cogs that were spoken of, or all of them where none was.
    """
    brief, change = history.brief, history.change_set
    context = history.evidence.context if history.evidence else None
    if brief is None or change is None:
        return ChangedEvents((), ())
    found = dict.fromkeys(each for example in brief.acceptances for each in _iterate_shown(example))
    cogs = {get_cog_name(file.path) for file in change.files} - {""}
    theirs = sorted(name for name, cog in commands.items() if cog in cogs)
    known = {each.name for each in context.commands} if context else commands.keys()
    meant = theirs if brief.acceptances else _filter_mentioned(theirs, brief)
    new = {f"{Kind.COMMAND}.{name}" for name in commands.keys() - known}
    for name in meant:
        event = f"{Kind.COMMAND}.{name}"
        if event in new or not brief.acceptances:
            found[event] = None
    return ChangedEvents(tuple(found), tuple(each for each in found if each in new))


def _iterate_shown(example: Acceptance) -> Iterator[str]:
    """Yield the commands whose answers an example shows; where it shows none, all that it uses."""
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
    """Return those that were spoken of by all their words, else by some, else all of them."""
    said = extract_tokens(brief.request)
    whole = [name for name in names if set(name.split()) <= said]
    return whole or [name for name in names if set(name.split()) & said] or names
