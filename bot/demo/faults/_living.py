"""Faults that are not met by one person but noticed in the use of many."""

from bot.demo.faults._dice import TOP_FACE
from bot.demo.faults._fault import Change, FaultStep, Living, PlantedFault


def _roll(dice: str) -> FaultStep:
    return FaultStep(command="roll", options={"dice": dice})


_SHIP = (
    "Read the proposal in its thread, then say there `ship it`.",
    "The visitors go on: a minute or two later the thread says whether it helped.",
)
_FAST_SETTINGS = {"least_minutes": 0.5, "minutes": 30, "volume": 30}

ONE_BY_ONE = Change(
    name="slow-dice",
    file="cogs/dice.py",
    replacements=(
        ("import random\nimport re\n", "import asyncio\nimport random\nimport re\n"),
        (
            "MAX_BONUS = 10_000\n",
            "MAX_BONUS = 10_000\n"
            "FALL = 0.06  # seconds, for each die\n"
            "ALL_FALL = 1.0  # seconds at most, for all of them\n",
        ),
        (
            "        rolls = [self.rng.randint(1, wanted.sides) for _ in range(wanted.count)]\n",
            "        rolls = []\n"
            "        for _ in range(wanted.count):\n"
            "            await asyncio.sleep(min(FALL, ALL_FALL / wanted.count))\n"
            "            rolls.append(self.rng.randint(1, wanted.sides))\n",
        ),
    ),
    message=(
        "Dice: let them fall one after the other\n\n"
        "All at once looks as if the result had been there before anybody rolled."
    ),
    author="Ines Carvalho <ines.carvalho@example.org>",
)

PENALTY = PlantedFault(
    name="leaking-dice",
    kind="zero-division",
    file="cogs/dice.py",
    replacements=(
        (
            "def describe_roll(",
            "def weight(bonus: int, total: int) -> str:\n"
            '    """Say how much of the total a bonus is; empty without one."""\n'
            "    if not bonus:\n"
            '        return ""\n'
            "    percent = abs(bonus) * 100 // total\n"
            '    return "half of it is the bonus" if percent == 50 else ""\n\n\n'
            "def describe_roll(",
        ),
        (
            '    aside = "" if keep is None else describe_near_miss(rolls, keep)\n',
            "    aside = weight(bonus, total) if keep is None else "
            "describe_near_miss(rolls, keep)\n",
        ),
    ),
    message=(
        "Dice: say so when half of a roll is the bonus\n\nPeople asked why a 2d4+5 feels so safe."
    ),
    author="Tobias Ekström <tobias.ekstrom@example.org>",
    breaks="/roll d4-1 until a 1 falls (a total of nothing)",
    steps=(FaultStep(command="roll", options={"dice": "d4-1"}, times=24),),
    report="rolling d4-1 crashes now and then, please fix it",
    error="ZeroDivisionError",
    function="weight",
    arguments=(-1, 0),
)

SLOW = Living(
    name="slow-dice",
    fault=ONE_BY_ONE,
    acts=(_roll("2d6"), _roll("3d6+1"), _roll("4d6kh3")),
    pause=2.0,
    healthy_seconds=50.0,
    expect=(
        "For a minute all is well. Then a commit comes live that makes `/roll` slow, and half a "
        "minute later the bot notices by itself."
    ),
    then=(
        "Look at its message: how slow it is, what is usual, and when the code changed.",
        "It looks into slowness but changes no code for it by itself; nothing fails, after all.",
    ),
    settings={
        "detection": {
            "latency": {"factor": 2.0, "minutes": 0.5, "volume": 8, "baseline_hours": 1},
            "after_deploy_minutes": 0.1,
        },
        "watch": _FAST_SETTINGS,
    },
)

LEAK = Living(
    name="leaking-dice",
    fault=PENALTY,
    acts=(_roll("2d6"), _roll("d20+3"), _roll("4d6kh3"), _roll("d4-1")),
    pause=2.5,
    expect=(
        "Most rolls work. One in sixteen fails, and nobody says a word. After five of those, in a "
        "minute or two, the bot notices by itself."
    ),
    then=_SHIP,
    settings={"watch": {**_FAST_SETTINGS, "volume": 60}},
)

FLAPPING = Living(
    name="flapping-quotes",
    fault=None,
    acts=(FaultStep(command="quote"), FaultStep(command="quote"), _roll("2d6")),
    pause=2.5,
    flaps=15.0,
    expect=(
        "`/quote` asks another service, and that one goes down and up again. Within half a minute "
        "the bot notices by itself, says that it is not its fault, and leaves the code alone."
    ),
    then=("However often it goes down, that stays one message; the counts on it go up.",),
)

BURST = Living(
    name="dice-burst",
    fault=TOP_FACE,
    acts=(_roll("6d6"), _roll("8d6"), _roll("10d6kh3")),
    pause=6.0,
    rush=18,
    expect=(
        "Three people roll dice all at once, and most rolls fail. Within seconds the bot notices "
        "by itself, once, and works on it before anybody complains."
    ),
    then=_SHIP,
    settings={"watch": _FAST_SETTINGS},
)

LIVING = (SLOW, LEAK, FLAPPING, BURST)
