"""The texts of `/privacy`: what is stored about a person, and what was erased."""

from collections.abc import Sequence

from bot.domain.personal_data import StoredData

PRIVACY_COMMAND = (
    "`/privacy` shows what I store about you, and its button erases it. Everyone can use it, and "
    "only you see the answer."
)
_WHY = (
    "These records show who asked for a change and who approved it. The button also does not erase "
    "what cogs store for you, such as reminders and votes: use their own commands. The costs of "
    "models and the messages in channels stay too."
)
CONFIRM = (
    "This cannot be undone. It erases what you said and did from my journal, from the recordings "
    "that I replay, from my memory and from our chat. Shall I erase it?"
)


def render_stored_data(pseudonym: str, stored_data: Sequence[StoredData]) -> str:
    """Return what is stored about a person, how much, and for how long."""
    return "\n".join(
        [
            "**What I store about you**",
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
        "- nothing: nothing was stored"
    ]
    return "\n".join(
        ["**Erased**", *lines, "What you do from now on, including this, is stored as before."]
    )


def _list_data_lines(stored_data: Sequence[StoredData]) -> list[str]:
    stored_lines = [
        f"- {each.what}: **{each.count:,}**, {each.retention}" for each in stored_data if each.count
    ]
    empty_kinds = [each.what for each in stored_data if not each.count]
    return stored_lines + ([f"- None: {'; '.join(empty_kinds)}"] if empty_kinds else [])
