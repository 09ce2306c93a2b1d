"""Faults in the reminders."""

from bot.demo.faults._fault import FaultStep, PlantedFault, ReplayedFault

UNKNOWN_NUMBER = PlantedFault(
    name="reminders-unknown-number",
    kind="missing-guard",
    file="cogs/reminders.py",
    replacements=(
        (
            "    if row is None:\n"
            '        return "You have no reminder with that number. '
            '`/reminders list` shows yours."\n',
            "",
        ),
        (
            '    """One line about a reminder\'s row (a dict as the store gives it), '
            'or that there is none."""\n',
            '    """One line about a reminder\'s row, a dict as the store gives it."""\n',
        ),
    ),
    message=(
        "Reminders: describe only reminders that are there\n\n"
        "The list never holds an empty row, so the line does not have to expect one."
    ),
    author="Ines Carvalho <ines.carvalho@example.org>",
    breaks="/reminders cancel id:999 (a number nobody has)",
    steps=(FaultStep(command="reminders cancel", options={"id": 999}),),
    report="cancelling a reminder blows up, fix it please",
    error="TypeError",
    function="describe_reminder",
    arguments=(None, 1_767_225_600),
)

WEEKS = PlantedFault(
    name="reminders-weeks",
    kind="missing-entry",
    file="cogs/reminders.py",
    replacements=(
        (
            '    "s": 1,\n    "m": 60,\n    "h": 3600,\n    "d": 86400,\n    "w": 604800,\n',
            '    "s": 1,\n    "sec": 1,\n    "second": 1,\n'
            '    "m": 60,\n    "min": 60,\n    "minute": 60,\n'
            '    "h": 3600,\n    "hr": 3600,\n    "hour": 3600,\n'
            '    "d": 86400,\n    "day": 86400,\n'
            '    "week": 604800,\n',
        ),
        (
            "        seconds += amount * UNIT_SECONDS[unit[0]]\n",
            '        seconds += amount * UNIT_SECONDS[unit.rstrip("s") or "s"]\n',
        ),
    ),
    message=(
        "Reminders: look units up by their whole name\n\n"
        "Going by the first letter would read months as minutes once we want months."
    ),
    author="Tobias Ekström <tobias.ekstrom@example.org>",
    breaks="/remind in:2w about:holidays",
    steps=(FaultStep(command="remind", options={"in": "2w", "about": "holidays"}),),
    report="I can't set a reminder for 2w, it just errors, fix it",
    error="KeyError",
    function="add_up",
    arguments=([(2, "w")],),
)

SHORT_DELAY = PlantedFault(
    name="reminders-short-delay",
    kind="unset-variable",
    file="cogs/reminders.py",
    replacements=(
        ('    phrase = f"{max(seconds, 0)} s"\n', ""),
        (
            "in its two largest units: `2 d 3 h`, `10 min`, `30 s`.",
            "in its two largest units: `2 d 3 h`, `1 h 5 min`, `10 min`.",
        ),
    ),
    message=(
        "Reminders: phrases come from the table alone\n\n"
        "The first value was overwritten in the loop anyway."
    ),
    author="Ines Carvalho <ines.carvalho@example.org>",
    breaks="/remind in:30s about:tea",
    steps=(FaultStep(command="remind", options={"in": "30s", "about": "tea"}),),
    report="short reminders fail with an error, look into it and fix it",
    error="UnboundLocalError",
    function="format_duration",
    arguments=(30,),
)

FAULTS = (UNKNOWN_NUMBER, WEEKS, SHORT_DELAY)

LOGGED = ReplayedFault(
    name="reminders-log",
    file="cogs/reminders.py",
    replacements=(
        ("import asyncio\nimport re\n", "import asyncio\nimport logging\nimport re\n"),
        (
            "CLOSING_TIME = 5\n",
            "CLOSING_TIME = 5\n_log = logging.getLogger(__name__)\n",
        ),
        (
            "        row = await self.key_values.find(number, interaction.user.id)\n",
            "        row = await self.key_values.find(number, interaction.user.id)\n"
            '        _log.info("reminder %s is cancelled, due at %s", number, row["due"])\n',
        ),
    ),
    message=(
        "Reminders: log which one is cancelled\n\n"
        "Somebody asked where a reminder had gone, and nothing could tell."
    ),
    author="Ines Carvalho <ines.carvalho@example.org>",
    breaks="/reminders cancel id:7 (there is none)",
    steps=(FaultStep(command="reminders cancel", options={"id": 7}),),
    report="please fix /reminders cancel, it crashes",
    error="TypeError",
)

REPLAYED = (LOGGED,)
