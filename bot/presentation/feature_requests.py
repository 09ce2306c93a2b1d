"""What is said of wishes, and of what the bot can do."""

from collections.abc import Mapping, Sequence

from bot.domain.feature_request import FeatureRequest
from bot.domain.people import Person
from bot.domain.run import Run
from bot.presentation.cards import status_text, to_plain_text
from bot.presentation.counts import format_people_count

_TEXT = 160
_MAX_REQUESTS = 15
_NAMES = 3
_NEEDS_A_MODEL = (
    "I hear a change you wish for, and nothing that failed. To write one I need a model, and there "
    "is none here."
)
_WITHOUT = (
    "Without one I can look into what fails and why, mend failures that can be shown by playing "
    "them, take back what I shipped, and keep what is wished for."
)
_KEY = (
    "To add one, whoever runs me puts `ANTHROPIC_API_KEY` into `.env` and starts me again; "
    "`theseus setup` does that and tries the key."
)
_FOR_OTHERS = "People on my list decide what I change; they see it there."


def describe_stored_request(feature_request: FeatureRequest, *, listed: bool, able: bool) -> str:
    """Return what somebody reads whose wish was kept: nothing here is `able` to write it, or they
    may not have it begun.
    """
    votes = format_people_count(feature_request.votes)
    kept = f"I keep your wish as `wish:{feature_request.id}` ({votes}); `/capabilities` shows them all."
    if not able:
        kept = f"{_NEEDS_A_MODEL} {kept}"
    return f"{kept} {_WITHOUT} {_KEY}" if listed else f"{kept} {_FOR_OTHERS}"


def change_joined(person: Person, run: Run) -> str:
    """Return where to follow what others had asked for before."""
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    return f"{person.name}, that is under way in {where}, as {run.trigger.person.name} asked."


def format_request_line(feature_request: FeatureRequest, run: Run | None = None) -> str:
    """Return a wish on one line: how many want it, its words, its id, who, and its last run."""
    names = [each.name for each in feature_request.requesters[:_NAMES]]
    more = feature_request.votes - len(names)
    who = ", ".join(names) + (f" and {more} more" if more else "")
    votes = format_people_count(feature_request.votes)
    return (
        f"- {votes}: “{to_plain_text(feature_request.text, _TEXT)}” · `wish:{feature_request.id}` · {who}"
        + (f" · {status_text(run)}, <#{run.thread_id}>" if run and run.thread_id else "")
    )


def describe_request_removal(feature_request: FeatureRequest | None) -> str:
    """Return what is said when a wish was to be forgotten."""
    if feature_request is None:
        return "I keep no such wish. `/capabilities` shows what there is."
    return f"Forgotten: the wish “{to_plain_text(feature_request.text, _TEXT)}” ({format_people_count(feature_request.votes)})."


def list_capability_lines(
    commands: Mapping[str, Sequence[str]],
    engines: Sequence[str],
    feature_requests: Sequence[tuple[FeatureRequest, Run | None]],
    *,
    listed: bool,
    skills: Sequence[str] = (),
) -> list[str]:
    """Return lines on what the bot can do: its `commands` by cog, what works for it, the wishes.

    With each wish comes the run that was begun for it last, if one was. Who is not `listed` is told
    that there is more, and not which `skills` models have.
    """
    lines = ["**What I can do**"]
    lines += [
        f"- {cog}: {', '.join(f'`{name}`' for name in names)}" for cog, names in commands.items()
    ]
    if not listed:
        lines.append("- more for people on my list: they have me work on my code, and decide on it")
    lines += ["**What I work with**", *(f"- {each}" for each in engines)]
    if listed and skills:
        names = ", ".join(f"`{each}`" for each in skills[:_MAX_REQUESTS])
        lines.append(f"- skills, which models read when they need them: {names}; `/skills list`")
    if not feature_requests:
        return [*lines, "**What people wish for**", "Nothing yet. `/change` takes a wish."]
    shown = [format_request_line(wish, run) for wish, run in feature_requests[:_MAX_REQUESTS]]
    rest = len(feature_requests) - len(shown)
    lines += ["**What people wish for**", *shown]
    return lines + ([f"and {rest} more, wished for by fewer people or longer ago"] if rest else [])
