"""The texts of `/help` and of the answer to "how do I stop, revert or ship?"."""

from collections.abc import Collection, Sequence

from bot.authority.command_acts import is_everyday
from bot.authority.policy import Act

EXAMPLE_QUESTIONS = "“what did you change this week?”, “is anything broken?”, “who shipped that?”"
ABOUT_QUESTIONS = (
    f"I answer questions about me from my records, for example {EXAMPLE_QUESTIONS}. `/help` lists "
    "what I can do."
)
_WANTS: tuple[tuple[str, Sequence[str], Sequence[tuple[str, Act | None]]], ...] = (
    ("Something is broken", ("fix", "investigate"), (("“rolling dice crashes, fix it”", Act.ASK),)),
    ("Something should change", ("change",), (("“add a /coinflip command”", None),)),
    ("Ask me something", ("ask",), (("“what did you change this week?”", Act.READ),)),
    (
        "Decide about a proposal",
        ("ship", "revert"),
        (("“ship it”", Act.SHIP), ("“reject”", Act.REJECT), ("“also handle 0”", Act.REVISE)),
    ),
    (
        "See what I am doing",
        ("runs list", "runs show", "incidents list", "health", "audit now"),
        (),
    ),
    (
        "Stop or pause me",
        ("runs cancel", "pause", "resume", "stop-everything"),
        (("“cancel”", Act.CANCEL), ("“pause for 2 hours”", Act.STEER)),
    ),
    ("Memory and budget", ("memory search", "memory forget", "budget"), ()),
    ("Find out more about me", ("capabilities", "skills list", "flags list", "privacy"), ()),
)
_MENUS = ("Investigate this", "Fix this", "Make this happen")
_MOST_EVERYDAY = 20


def render_help(usable: Collection[str], acts: Collection[Act]) -> str:
    """Return what a person may use, grouped by what people want to do.

    Args:
        usable: the commands and menus that the person may use, by their full names without slash
        acts: what the person may ask for in a sentence
    """
    lines = []
    for want, names, sentences in _WANTS:
        commands = [f"`/{name}`" for name in names if name in usable]
        allowed_sentences = [text for text, act in sentences if act is None or act in acts]
        alternative = (
            f", or say {', '.join(allowed_sentences)}" if allowed_sentences and acts else ""
        )
        lines += [f"**{want}** {', '.join(commands)}{alternative}"] if commands else []
    daily = list_everyday_commands(usable)
    if daily:
        names = ", ".join(f"`/{name}`" for name in daily[:_MOST_EVERYDAY])
        lines.append(f"**Everyday commands** {names}")
    if menus := [f"“{name}”" for name in _MENUS if name in usable]:
        lines.append(f"In a message's menu, under Apps: {', '.join(menus)}.")
    return "\n".join(lines) or "There are no commands here that you may use."


def list_everyday_commands(commands: Collection[str]) -> list[str]:
    """Return, sorted, the commands that are not about the bot's work on its own code."""
    return sorted(name for name in commands if is_everyday(name))


def render_instructions(acts: Collection[Act]) -> str:
    """Return how to stop, revert and decide, for those of `acts` that the person may do.

    The text only explains; showing it decides nothing. A person who may do none of these acts reads
    who may.
    """
    lines = [line for act, line in _HOW_TO if act in acts]
    if not lines:
        return "Only people on my list decide that: they cancel runs, revert changes and stop me."
    if Act.SHIP not in acts:
        lines.append("• ship or reject a proposal: only an approver can do that")
    return "\n".join(["A question decides nothing. To", *lines])


_HOW_TO = (
    (
        Act.CANCEL,
        "• cancel a run: say “cancel” in its thread, press its button, or use `/runs cancel`",
    ),
    (
        Act.ASK,
        "• revert what I shipped: say “revert it” in its thread, or use `/revert`; I propose it",
    ),
    (Act.REJECT, "• reject a proposal: say “reject” in its thread, or press its button"),
    (
        Act.SHIP,
        "• ship a proposal: say “ship it” as a reply to its card or in its thread, press its "
        "button, or use `/ship`",
    ),
    (
        Act.STEER,
        "• pause my own work: say “pause” or “pause for 2 hours”, or use `/pause`; “resume” ends "
        "the pause",
    ),
    (Act.STOP, "• stop everything: say “stop everything”, or use `/stop-everything`"),
)
