"""Searches the journal for a model, and returns short records as data."""

from collections.abc import Sequence

from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.domain.ids import shorten_id
from bot.domain.journal import Action, JournalQuery
from bot.grammar.likeness import extract_stems
from bot.ports.journal import Journal

_LOOKED_AT = 2_000  # the newest records that are searched
_VALUE = 160


async def recall(journal: Journal, text: str, event: str, limit: int) -> list[str]:
    """Return at most `limit` records: the best match first, the newest first among equals.

    Without text and event, it returns the newest failures. Raises `JournalError`.
    """
    query = JournalQuery(event=event or None, limit=_LOOKED_AT)
    actions = list(await journal.read(query))
    if not text and not event:
        actions = [action for action in actions if action.error is not None]
    terms = extract_stems(text)
    scored = [(_score(action, terms, text), number) for number, action in enumerate(actions)]
    best = sorted((pair for pair in scored if pair[0] > 0 or not text), reverse=True)
    return _format_distinct([actions[number] for _, number in best], limit)


def _score(action: Action, terms: frozenset[str], text: str) -> int:
    content = _collect_text(action)
    bonus = 10 if text and text.lower() in content.lower() else 0
    return bonus + len(terms & extract_stems(content))


def _collect_text(action: Action) -> str:
    parts = [action.event, action.name, action.id, action.run_id or ""]
    if action.error is not None:
        error = action.error
        parts += [error.exception, error.message, error.fingerprint]
        parts += [f"{frame.file} {frame.function}" for frame in error.frames]
        parts += [f"{name} {value}" for name, value in error.inputs.items()]
    return " ".join(parts)


def _format_distinct(actions: Sequence[Action], limit: int) -> list[str]:
    """Return the records as text; failures with the same fingerprint appear once, with a count."""
    counts: dict[str, int] = {}
    first: dict[str, Action] = {}
    for action in actions:
        key = action.error.fingerprint if action.error else action.id
        counts[key] = counts.get(key, 0) + 1
        first.setdefault(key, action)
    return [_format_action(first[key], counts[key]) for key in list(first)[:limit]]


def _format_action(action: Action, count: int) -> str:
    more = f" (and {count - 1} more like it)" if count > 1 else ""
    took = f", {action.duration_ms:.0f} ms" if action.duration_ms is not None else ""
    when = f"{action.ts:%Y-%m-%d %H:%M:%S}"
    lines = [f"{shorten_id(action.id)} {when} {action.event}: {action.outcome}{took}{more}"]
    if action.error is not None:
        error = action.error
        lines.append(f"  {error.exception}: {flatten(error.message, _VALUE * 2)}")
        lines += [f"  {frame.file}:{frame.line} in {frame.function}" for frame in error.frames[-4:]]
        lines += [f"  {name} = {flatten(value, _VALUE)}" for name, value in error.inputs.items()][
            :8
        ]
    return "\n".join(lines)
