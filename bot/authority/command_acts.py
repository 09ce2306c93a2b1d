"""The act that each command asks the policy for, so that no one is offered a refused command."""

from collections.abc import Iterable, Mapping

from bot.authority.policy import Act, is_allowed_here
from bot.domain.guilds import AllowLists
from bot.domain.people import Person

COMMAND_ACTS: Mapping[str, Act | None] = {
    "about": None, "ask": None, "capabilities": None, "change": None, "help": None,
    "privacy": None, "Make this happen": None,
    "fix": Act.ASK, "investigate": Act.ASK, "Fix this": Act.ASK, "Investigate this": Act.ASK,
    "revert": Act.ASK, "ship": Act.SHIP,
    "runs list": Act.READ, "runs show": Act.READ, "runs cancel": Act.CANCEL, "runs retry": Act.ASK,
    "incidents list": Act.READ, "incidents show": Act.READ, "incidents close": Act.STEER,
    "incidents assign": Act.STEER, "incidents release": Act.STEER, "incidents ignore": Act.STEER,
    "incidents unignore": Act.STEER, "incidents third-party": Act.STEER,
    "incidents comment": Act.STEER,
    "memory search": Act.READ, "memory export": Act.READ, "memory forget": Act.STEER,
    "health": Act.READ, "budget": Act.READ, "audit now": Act.READ,
    "flags list": Act.READ, "flags set": Act.SWITCH, "flags remove": Act.SWITCH,
    "skills list": Act.READ, "skills show": Act.READ, "skills reload": Act.RELOAD,
    "skills rollback": Act.ROLL_BACK,
    "tools list": Act.READ, "tools scan": Act.STEER, "tools off": Act.STEER,
    "goals list": Act.READ, "goals set": Act.SET_GOALS, "goals remove": Act.SET_GOALS,
    "goals review": Act.READ, "goals pursue": Act.SET_GOALS, "goals halt": Act.SET_GOALS,
    "notifications": None, "digest": Act.READ, "quiet": Act.STEER, "undo": Act.ASK,
    "pause": Act.STEER, "resume": Act.STEER, "stop-everything": Act.STOP,
}  # fmt: skip
"""Commands and menus about the bot's own work. `None` means that everyone may use it.

All other commands are everyday commands, for which the policy is not asked. A test compares this
table with what each command really asks for.
"""


def is_everyday(command: str) -> bool:
    """Return whether a command, by its full name, is not about the bot's own work."""
    return command not in COMMAND_ACTS


def list_allowed_commands(
    people: AllowLists, person: Person, commands: Iterable[str]
) -> frozenset[str]:
    """Return the commands, by full name, that the policy lets a person use."""
    return frozenset(
        command
        for command in commands
        if (act := COMMAND_ACTS.get(command)) is None or is_allowed_here(people, person, act)
    )


def list_allowed_acts(people: AllowLists, person: Person) -> frozenset[Act]:
    """Return all acts that the policy allows a person."""
    return frozenset(act for act in Act if is_allowed_here(people, person, act))
