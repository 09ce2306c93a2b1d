"""The shapes of application commands and of autocomplete choices."""

from local_discord.limits.shapes import (
    Anything,
    ByType,
    Choice,
    Fields,
    Integer,
    Items,
    Shape,
    Text,
)

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
VALUES = (3, 4, 5, 6, 7, 8, 9, 10, 11)  # types of options that hold a value
MOST = {SLASH: 100, USER_MENU: 15, MESSAGE_MENU: 15}
BIGGEST = (1 << 53) - 1  # JSON carries integers up to this one exactly

NAME = Text(32, least=1)
DESCRIPTION = Text(100, least=1)
CHOICE = Fields({"name": Text(100, least=1), "value": Anything()}, needed=("name", "value"))
TEXT_CHOICE = Fields({"name": Text(100, least=1), "value": Text(100)}, needed=("name", "value"))
_OPTION: dict[str, Shape] = {"name": NAME, "description": DESCRIPTION}
_NEEDED = ("type", "name", "description")
_SPECIAL: dict[int, dict[str, Shape]] = {
    STRING: {
        "choices": Items(TEXT_CHOICE, 25),
        "min_length": Integer(0, 6_000),
        "max_length": Integer(1, 6_000),
    },
    INTEGER: {
        "choices": Items(CHOICE, 25),
        "min_value": Integer(-BIGGEST, BIGGEST),
        "max_value": Integer(-BIGGEST, BIGGEST),
    },
    NUMBER: {"choices": Items(CHOICE, 25)},
}
VALUE_OPTIONS: dict[int, Shape] = {
    kind: Fields(_OPTION | _SPECIAL.get(kind, {}), needed=_NEEDED) for kind in VALUES
}
SUBCOMMAND_SHAPE = Fields({**_OPTION, "options": Items(ByType(VALUE_OPTIONS), 25)}, needed=_NEEDED)
GROUP_SHAPE = Fields(
    {**_OPTION, "options": Items(ByType({SUBCOMMAND: SUBCOMMAND_SHAPE}), 25)}, needed=_NEEDED
)
OPTIONS = ByType({SUBCOMMAND: SUBCOMMAND_SHAPE, GROUP: GROUP_SHAPE, **VALUE_OPTIONS})
COMMAND = Fields(
    {
        "name": NAME,
        "type": Choice((SLASH, USER_MENU, MESSAGE_MENU, 4)),
        "description": Text(100),
        "options": Items(OPTIONS, 25),
    },
    needed=("name",),
)
COMMANDS = Items(COMMAND, sum(MOST.values()))
COMMAND_EDIT = Fields(dict(COMMAND.known))

AUTOCOMPLETE = Fields({"choices": Items(CHOICE, 25)})
