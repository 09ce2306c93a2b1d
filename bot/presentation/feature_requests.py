"""Answers about feature requests, and about what the bot can do."""

from collections.abc import Mapping, Sequence

from bot.domain.feature_request import FeatureRequest
from bot.domain.people import ITSELF, Person
from bot.domain.run import Run
from bot.presentation.cards import format_status, to_plain_text
from bot.presentation.counts import format_people_count

_TEXT = 160
_MAX_REQUESTS = 15
_NAMES = 3
_NEEDS_A_MODEL = (
    "That is a request for a change, not a failure. To write changes I need a model, and there is "
    "none here."
)
_WITHOUT = (
    "Without a model I can investigate failures, fix failures that a replay can show, revert what "
    "I shipped, and store requests."
)
_KEY = (
    "To add a model, the person who runs me puts `ANTHROPIC_API_KEY` into `.env` and restarts me; "
    "`theseus setup` does that and tests the key."
)
_FOR_OTHERS = "People on my list decide what I change, and they see your request there."


def describe_stored_request(feature_request: FeatureRequest, *, listed: bool, able: bool) -> str:
    """Return the answer to somebody whose feature request was stored instead of started.

    A request is stored if no engine is `able` to write changes, or if the person may not start one.
    """
    votes = format_people_count(feature_request.votes)
    text = (
        f"I stored your request as `wish:{feature_request.id}` ({votes}). "
        "`/capabilities` shows all requests."
    )
    if not able:
        text = f"{_NEEDS_A_MODEL} {text}"
    return f"{text} {_WITHOUT} {_KEY}" if listed else f"{text} {_FOR_OTHERS}"


def change_joined(person: Person, run: Run) -> str:
    """Return where to follow a change that somebody else has already asked for."""
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    return (
        f"{person.name}, I am already working on that in {where}, because "
        f"{run.trigger.person.name} asked for it."
    )


def format_request_line(feature_request: FeatureRequest, run: Run | None = None) -> str:
    """Return a feature request on one line: votes, text, id, people and its last run."""
    people = [each for each in feature_request.requesters if each.id != ITSELF.id]
    names = [each.name for each in people[:_NAMES]]
    more = feature_request.votes - len(names)
    who = ", ".join(names) + (f" and {more} more" if more else "")
    if not feature_request.votes:
        who = "proposed in a self-audit"
    votes = format_people_count(feature_request.votes)
    return (
        f"- {votes}: “{to_plain_text(feature_request.text, _TEXT)}” · "
        f"`wish:{feature_request.id}` · {who}"
    ) + (f" · {format_status(run)}, <#{run.thread_id}>" if run and run.thread_id else "")


def describe_request_removal(feature_request: FeatureRequest | None) -> str:
    """Return the answer after a feature request was to be removed."""
    if feature_request is None:
        return "I have no such request. `/capabilities` shows what there is."
    return (
        f"Forgotten: the request “{to_plain_text(feature_request.text, _TEXT)}” "
        f"({format_people_count(feature_request.votes)})."
    )


def list_capability_lines(
    commands: Mapping[str, Sequence[str]],
    engines: Sequence[str],
    feature_requests: Sequence[tuple[FeatureRequest, Run | None]],
    *,
    listed: bool,
    skills: Sequence[str] = (),
    tools: Sequence[str] = (),
    gaps: Sequence[str] = (),
) -> list[str]:
    """Return lines about what the bot can do: its `commands` by cog, its `engines`, the requests.

    Each request comes with the last run that was started for it, if there is one. A person who is
    not `listed` reads that there is more, and does not see `skills` and `tools` of models.
    """
    lines = ["**What I can do**"]
    lines += [
        f"- {cog}: {', '.join(f'`{name}`' for name in names)}" for cog, names in commands.items()
    ]
    if not listed:
        lines.append(
            "- more for people on my list: they can ask for changes to my code, and decide "
            "about them"
        )
    lines += ["**What I work with**", *(f"- {each}" for each in engines)]
    if listed and skills:
        names = ", ".join(f"`{each}`" for each in skills[:_MAX_REQUESTS])
        lines.append(f"- skills, which models read when they need them: {names}; `/skills list`")
    lines += [*(tools if listed else ()), *gaps]
    if not feature_requests:
        return [*lines, "**What people wish for**", "Nothing yet. `/change` takes a request."]
    shown = [
        format_request_line(feature_request, run)
        for feature_request, run in feature_requests[:_MAX_REQUESTS]
    ]
    rest = len(feature_requests) - len(shown)
    lines += ["**What people wish for**", *shown]
    return lines + ([f"and {rest} more, from fewer people or longer ago"] if rest else [])
