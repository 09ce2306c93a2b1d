"""What is said of wishes, and of what the bot can do."""

from collections.abc import Mapping, Sequence

from bot.domain.people import Person
from bot.domain.run import Run
from bot.domain.wish import Wish
from bot.presentation.cards import plain, standing
from bot.presentation.counts import people_counted

_TEXT = 160
_SHOWN = 15
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


def wish_kept(wish: Wish, *, listed: bool, able: bool) -> str:
    """Return what somebody reads whose wish was kept: nothing here is `able` to write it, or they
    may not have it begun.
    """
    votes = people_counted(wish.votes)
    kept = f"I keep your wish as `wish:{wish.id}` ({votes}); `/capabilities` shows them all."
    if not able:
        kept = f"{_NEEDS_A_MODEL} {kept}"
    return f"{kept} {_WITHOUT} {_KEY}" if listed else f"{kept} {_FOR_OTHERS}"


def change_joined(person: Person, run: Run) -> str:
    """Return where to follow what others had asked for before."""
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    return f"{person.name}, that is under way in {where}, as {run.trigger.person.name} asked."


def wish_line(wish: Wish, run: Run | None = None) -> str:
    """Return a wish on one line: how many want it, its words, its id, who, and its last run."""
    names = [each.name for each in wish.wishers[:_NAMES]]
    more = wish.votes - len(names)
    who = ", ".join(names) + (f" and {more} more" if more else "")
    votes = people_counted(wish.votes)
    return f"- {votes}: “{plain(wish.text, _TEXT)}” · `wish:{wish.id}` · {who}" + (
        f" · {standing(run)}, <#{run.thread_id}>" if run and run.thread_id else ""
    )


def wish_forgotten(wish: Wish | None) -> str:
    """Return what is said when a wish was to be forgotten."""
    if wish is None:
        return "I keep no such wish. `/capabilities` shows what there is."
    return f"Forgotten: the wish “{plain(wish.text, _TEXT)}” ({people_counted(wish.votes)})."


def capabilities(
    commands: Mapping[str, Sequence[str]],
    engines: Sequence[str],
    wishes: Sequence[tuple[Wish, Run | None]],
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
        names = ", ".join(f"`{each}`" for each in skills[:_SHOWN])
        lines.append(f"- skills, which models read when they need them: {names}; `/skills list`")
    if not wishes:
        return [*lines, "**What people wish for**", "Nothing yet. `/change` takes a wish."]
    shown = [wish_line(wish, run) for wish, run in wishes[:_SHOWN]]
    rest = len(wishes) - len(shown)
    lines += ["**What people wish for**", *shown]
    return lines + ([f"and {rest} more, wished for by fewer people or longer ago"] if rest else [])
