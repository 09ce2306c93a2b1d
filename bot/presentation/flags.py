"""Answers about feature flags: who has each flag on, which code uses it, and the next step."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.flag import SETTLED, Flag, FlagStep, get_next_step
from bot.domain.posts import Button, Post
from bot.domain.use import FlagComparison, FlagSide
from bot.presentation.counts import format_count, format_people_count
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp

_FILES = 3
_STEPS: Mapping[FlagStep, str] = {
    "off": "Switch it off",
    "share20": "On for 20 % of people",
    "share50": "On for 50 % of people",
    "all": "On for everyone",
}
_NONE = "There are no flags: no one has switched one, and no code asks for one."


def list_flag_lines(
    flags: Mapping[str, Flag], uses: Mapping[str, Sequence[str]], now: datetime
) -> list[str]:
    """Return a line for each flag that was ever switched or that code asks for, by name.

    `uses` are the files that ask for each flag.
    """
    names = sorted({*flags, *uses})
    return [_format_flag(name, flags.get(name), uses.get(name, ()), now) for name in names] or [
        _NONE
    ]


def describe_switch(before: Flag | None, flag: Flag) -> str:
    """Return the answer after a flag was switched."""
    if before == flag:
        return (
            f"`{flag.name}` was {describe_reach(flag)} already, since {format_timestamp(flag.at)}."
        )
    return (
        f"`{flag.name}` is {describe_reach(flag)} from now on. Before, it was "
        f"{describe_reach(before)}."
    )


def describe_upcoming_flag(flag: str) -> str:
    """Return the note about a change that ships behind a flag, before it is live."""
    return f"🚩 Ships behind the flag `{flag}`: off until `/flags set`."


def describe_live_flag(flag: str) -> str:
    """Return how to switch on a change that is live behind a flag."""
    return (
        f"🚩 It is behind the flag `{flag}`, which is off. `/flags set name:{flag} to:dev` turns "
        "it on in the dev channel; `to:channels`, `to:share` and `to:all` turn it on for more "
        "people."
    )


def describe_counted_flag(name: str, flag: Flag | None) -> str:
    """Return the note next to the use counts of a change that ships behind a flag."""
    return f"🚩 Its flag `{name}` is {describe_reach(flag)}; uses count with it off as well."


def render_comparison(flag: Flag, found: FlagComparison) -> Post:
    """Return the results with a flag on and off, and a button for the next step.

    If something is clearly worse with the flag on, the button switches it off.
    """
    lines = [
        f"🚩 `{flag.name}` is {describe_reach(flag)}, since {format_timestamp(found.since)}:",
        f"• with it: {_format_side(found.on)}",
        f"• without it: {_format_side(found.off)}",
    ]
    step: FlagStep = "off" if found.worse else get_next_step(flag)
    if found.worse:
        lines += [f"📉 With it {escape_line(each)}" for each in found.worse]
        lines.append("So I suggest to switch it off.")
    else:
        lines.append(
            "Nothing is measurably worse with it. Press the button to switch it on for more people."
        )
    pressed = Button(
        label=_STEPS[step],
        action="flag",
        arguments=(step, flag.name, str(int(flag.at.timestamp()))),
        style="danger" if found.worse else "success",
    )
    return Post(text="\n".join(lines), buttons=(pressed,))


def _format_side(side: FlagSide) -> str:
    """Return how one side used it: `34 uses by 4 people, 1 failure, usually 120 ms; 👎 1 of 3`."""
    if not side.uses:
        return "no one used it"
    people = f" by {format_people_count(side.people)}" if side.people else ""
    failed = format_count(side.failures, "failure") if side.failures else "no failure"
    time = f", usually {side.typical_ms:.0f} ms" if side.typical_ms is not None else ""
    signs = f"; 👎 {side.disliked} of {side.signs} signs" if side.signs else ""
    return f"{format_count(side.uses, 'use')}{people}, {failed}{time}{signs}"


def describe_flag_removal(name: str, flag: Flag | None, asked_in: Sequence[str]) -> str:
    """Return the answer after a flag was to be forgotten."""
    if flag is None:
        return "No one has switched a flag with that name. `/flags list` shows what there is."
    text = f"Forgotten: `{name}`, which was {describe_reach(flag)}."
    return f"{text} It is {_format_files(asked_in)}, and off there." if asked_in else text


def describe_reach(flag: Flag | None) -> str:
    """Return for whom a flag is on."""
    if flag is None or flag.reach == "off":
        return "off"
    if flag.reach == "all":
        return "on for everyone"
    if flag.reach == "share":
        return f"on for {flag.percent} % of people, and in the dev channel"
    named = ", ".join(f"<#{each}>" for each in flag.channels)
    return f"on in {named} and the dev channel" if named else "on in the dev channel"


def _format_flag(name: str, flag: Flag | None, files: Sequence[str], now: datetime) -> str:
    if flag is None:
        return f"- `{name}`: off, never switched · {_format_files(files)}"
    by = f" by {flag.by.name}" if flag.by else ""
    line = f"- `{name}`: {describe_reach(flag)}, since {format_timestamp(flag.at)}{by}"
    if not files:
        return f"{line} · no code asks for it any more: `/flags remove name:{name}` forgets it"
    rest = f" · on for more than {SETTLED.days} days: it can be removed from the code"
    return f"{line} · {_format_files(files)}{rest if flag.is_settled(now) else ''}"


def _format_files(files: Sequence[str]) -> str:
    shown = ", ".join(f"`{each}`" for each in files[:_FILES])
    more = len(files) - _FILES
    return f"asked for in {shown}" + (f" and {more} more" if more > 0 else "")
