"""What somebody reads of what is kept of them, and of what was erased."""

from collections.abc import Sequence

from bot.domain.personal_data import StoredData

_WHY = (
    "By them people see who asked for a change, and who let it ship. Neither does it erase what "
    "cogs keep for you, such as reminders and votes: their own commands do. What models cost "
    "stays, and what was posted in channels."
)
CONFIRM = (
    "That cannot be taken back. What you said and did is then gone from my journal, from what I "
    "play again, from my memory and from our talk. Shall I?"
)


def render_stored_data(pseudonym: str, stored_data: Sequence[StoredData]) -> str:
    """Return what is kept of somebody, how much and how long."""
    return "\n".join(
        [
            "**What I keep of you**",
            *_list_data_lines([each for each in stored_data if each.erasable]),
            f"In the journal you are `{pseudonym}`.",
            "**What the button does not erase**",
            *_list_data_lines([each for each in stored_data if not each.erasable]),
            _WHY,
        ]
    )


def render_erased_data(gone: Sequence[StoredData]) -> str:
    """Return what was erased."""
    erased = [each for each in gone if each.count]
    lines = [f"- {each.what}: {each.count:,}" for each in erased] or [
        "- nothing: there was nothing"
    ]
    return "\n".join(
        ["**Erased**", *lines, "What you do from now on, this too, is kept as before."]
    )


def _list_data_lines(stored_data: Sequence[StoredData]) -> list[str]:
    there = [
        f"- {each.what}: **{each.count:,}**, {each.retention}" for each in stored_data if each.count
    ]
    none = [each.what for each in stored_data if not each.count]
    return there + ([f"- None: {'; '.join(none)}"] if none else [])
