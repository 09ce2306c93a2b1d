"""What can be asked and done, by what people want: for `/help`, and where a question is unclear."""

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
    ("See what I do", ("runs list", "runs show", "incidents list", "health", "audit now"), ()),
    (
        "Stop or hold me",
        ("runs cancel", "pause", "resume", "stop-everything"),
        (("“cancel”", Act.CANCEL), ("“pause for 2 hours”", Act.STEER)),
    ),
    ("What I remember and may spend", ("memory search", "memory forget", "budget"), ()),
    ("What there is", ("capabilities", "skills list", "flags list", "privacy"), ()),
)
_MENUS = ("Investigate this", "Fix this", "Make this happen")
_MOST_EVERYDAY = 20


def render_help(usable: Collection[str], acts: Collection[Act]) -> str:
    """Return what somebody may use, by what people want to do.

    `usable` are the commands and menus that they may use, by their whole names without slash;
    `acts` is what they may ask for in a sentence.
    """
    lines = []
    for want, names, sentences in _WANTS:
        commands = [f"`/{name}`" for name in names if name in usable]
        said = [text for text, act in sentences if act is None or act in acts]
        or_say = f", or say {', '.join(said)}" if said and acts else ""
        lines += [f"**{want}** {', '.join(commands)}{or_say}"] if commands else []
    daily = list_everyday_commands(usable)
    if daily:
        names = ", ".join(f"`/{name}`" for name in daily[:_MOST_EVERYDAY])
        lines.append(f"**Every day** {names}")
    if menus := [f"“{name}”" for name in _MENUS if name in usable]:
        lines.append(f"In a message's menu, under Apps: {', '.join(menus)}.")
    return "\n".join(lines) or "There are no commands here that you may use."


def list_everyday_commands(commands: Collection[str]) -> list[str]:
    """Return the commands that are no way of telling the bot about its own work, sorted."""
    return sorted(name for name in commands if is_everyday(name))


def render_instructions(acts: Collection[Act]) -> str:
    """Return how people stop, undo and decide things; saying so decides nothing.

    Who may not do something is not told how; who may do none of it is told who does.
    """
    lines = [line for act, line in _HOW_TO if act in acts]
    if not lines:
        return "People on my list decide that: they end runs, take changes back and stop me."
    if Act.SHIP not in acts:
        lines.append("• ship a proposal, or turn it down: an approver does that")
    return "\n".join(["Nothing is decided by asking. To", *lines])


_HOW_TO = (
    (Act.CANCEL, "• end one run: “cancel” in its thread, its button, or `/runs cancel`"),
    (Act.ASK, "• take back what I shipped: “revert it” in its thread, or `/revert`; I propose it"),
    (Act.REJECT, "• turn a proposal down: “reject” in its thread, or its button"),
    (
        Act.SHIP,
        "• ship one: “ship it” as a reply to its card or in its thread, its button, or `/ship`",
    ),
    (
        Act.STEER,
        "• hold what I do by myself: “pause”, “pause for 2 hours”, `/pause`; “resume” ends that",
    ),
    (Act.STOP, "• stop everything: “stop everything”, or `/stop-everything`"),
)
