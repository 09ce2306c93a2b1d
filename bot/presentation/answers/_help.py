"""What can be asked and done, by what people want: for `/help`, and where a question is unclear."""

from collections.abc import Collection, Sequence

ABOUT_QUESTIONS = (
    "I answer from my records: “what did you change this week?”, “why this fix?”, “what did it "
    "cost?”, “what could break?”, “is anything broken right now?”, “did it hold?”, “who shipped "
    "that?”, “what waits for me?”, “when did /roll last fail?”, “how often is /poll used?”, “what "
    "do you remember about dice?”, “which commit is live?”, “how do I undo it?”. In a run's thread "
    "that is about that run."
)
_WANTS: tuple[tuple[str, Sequence[str], str], ...] = (
    ("Something is broken", ("fix", "investigate"), "or say “rolling dice crashes, fix it”"),
    ("Something should change", ("change",), "or say “add a /coinflip command”"),
    ("Ask me something", ("ask",), "or “what did you change this week?”"),
    ("Decide about a proposal", ("ship", "revert"), "or “ship it”, “reject”, “also handle 0”"),
    ("See what I do", ("runs list", "runs show", "incidents list", "health", "audit now"), ""),
    ("Stop or hold me", ("runs cancel", "pause", "resume", "stop-everything"), ""),
    ("What I remember and may spend", ("memory search", "memory forget", "budget"), ""),
    ("What there is", ("capabilities", "skills list", "flags list", "privacy"), ""),
)
_FOR_ALL = frozenset({"change", "capabilities", "ask", "privacy", "help"})
_MOST_EVERYDAY = 20


def help_text(commands: Collection[str], *, listed: bool) -> str:
    """Return commands by what people want to do; `commands` are those there are, without slash.

    Who is not `listed` is shown what is there for everybody.
    """
    lines = []
    for want, names, words in _WANTS:
        shown = [n for n in names if n in commands and (listed or n in _FOR_ALL)]
        told = ", ".join(f"`/{name}`" for name in shown)
        lines += [f"**{want}** {told}{f', {words}' if words and listed else ''}"] if shown else []
    daily = everyday(commands)
    if daily:
        names = ", ".join(f"`/{name}`" for name in daily[:_MOST_EVERYDAY])
        lines.append(f"**For everybody, every day** {names}")
    if listed:
        lines.append(
            "“Investigate this”, “Fix this” and “Make this happen” are in a message's menu."
        )
    return "\n".join(lines) or "There are no commands here yet."


def everyday(commands: Collection[str]) -> list[str]:
    """Return the commands that are no way of telling the bot about its own work, sorted."""
    own = {name.partition(" ")[0] for _, names, _ in _WANTS for name in names} | {"help"}
    return sorted(name for name in commands if name.partition(" ")[0] not in own)


def open_to_all(commands: Collection[str]) -> frozenset[str]:
    """Return the commands that people may use who are not listed."""
    return _FOR_ALL.intersection(commands).union(everyday(commands))


def how_to(*, listed: bool) -> str:
    """Return how people stop, undo and decide things; saying so decides nothing."""
    lines = [
        "• end one run: “cancel” in its thread, its button, or `/runs cancel`",
        "• take back what I shipped: “revert it” in its thread, or `/revert`; I propose it",
        "• turn a proposal down: “reject” in its thread, or its button",
        "• ship one: “ship it” as a reply to its card or in its thread, its button, or `/ship`",
        "• hold what I do by myself: “pause”, “pause for 2 hours”, `/pause`; “resume” ends that",
        "• stop everything: “stop everything”, or `/stop-everything`",
    ]
    if not listed:
        return "People on my list decide that: they end runs, take changes back and stop me."
    return "\n".join(["Nothing is decided by asking. To", *lines])
