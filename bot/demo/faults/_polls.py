"""Faults in the polls."""

from bot.demo.faults._fault import FaultStep, PlantedFault, ReplayedFault

CAPITALS = PlantedFault(
    name="polls-capitals",
    kind="wrong-key",
    file="cogs/polls.py",
    replacements=(
        (
            "        if option and option not in options:\n",
            "        known = {other.casefold() for other in options}\n"
            "        if option and option.casefold() not in known:\n",
        ),
        (
            "    counts = dict.fromkeys(options, 0)\n",
            "    counts = {option.casefold(): 0 for option in options}\n",
        ),
    ),
    test_file="tests/cogs/test_polls.py",
    test_replacements=(
        (
            '        ("tea | coffee | tea | | ", ["tea", "coffee"]),\n',
            '        ("tea | coffee | tea | | ", ["tea", "coffee"]),\n'
            '        ("Tea | coffee | tea", ["Tea", "coffee"]),\n',
        ),
    ),
    message=(
        "Polls: Tea and tea are one option\n\n"
        "Somebody typed both and the vote was split. Options are compared and counted\n"
        "whatever their case; the first spelling is shown."
    ),
    author="Mara Lindqvist <mara.lindqvist@example.org>",
    breaks='/poll create question:Lunch? options:"Pizza | Salad", then press Pizza',
    steps=(
        FaultStep(
            command="poll create", options={"question": "Lunch?", "options": "Pizza | Salad"}
        ),
        FaultStep(press="Pizza"),
    ),
    report="voting in polls is broken, fix it",
    error="KeyError",
    function="tally",
    arguments=(["Pizza"], ["Pizza", "Salad"]),
)

NO_VOTES = PlantedFault(
    name="polls-no-votes",
    kind="zero-division",
    file="cogs/polls.py",
    replacements=(
        (
            "    if total == 0:\n        return [0] * len(counts)\n",
            "    if not counts:\n        return []\n",
        ),
        (
            '    """Whole percentages that add up to 100; all zero while nobody has voted."""\n',
            '    """Whole percentages that add up to 100; none for no options."""\n',
        ),
    ),
    test_file="tests/cogs/test_polls.py",
    test_replacements=(
        (
            "        ([2, 3, 2], [29, 43, 28]),\n",
            "        ([2, 3, 2], [29, 43, 28]),\n        ([], []),\n",
        ),
    ),
    message=("Polls: no options, no percentages\n\nSay what is meant instead of summing up first."),
    author="Ines Carvalho <ines.carvalho@example.org>",
    breaks="/poll create, then /poll results before anybody voted",
    steps=(
        FaultStep(command="poll create", options={"question": "Tea?", "options": "yes | no"}),
        FaultStep(command="poll results", options={"id": 1}),
    ),
    report="poll results crash on a fresh poll, please fix",
    error="ZeroDivisionError",
    function="compute_percentages",
    arguments=([0, 0],),
)

FAULTS = (CAPITALS, NO_VOTES)

TWO_PRESSES = ReplayedFault(
    name="polls-two-presses",
    file="cogs/polls.py",
    replacements=(
        ("BAR_WIDTH = 12\n", "BAR_WIDTH = 12\nSECOND_THOUGHTS = 1.0  # seconds\n"),
        (
            "        self._in_turn = asyncio.Lock()  "
            "# so that an older tally never overwrites a newer one\n",
            "        self._in_turn = asyncio.Lock()  "
            "# so that an older tally never overwrites a newer one\n"
            "        self._chosen: dict[int, int] = {}\n",
        ),
        (
            "        async with self._in_turn:\n"
            "            poll = await self.ballot.find(number, interaction.guild_id or 0)\n",
            "        self._chosen[interaction.user.id] = choice\n"
            "        await asyncio.sleep(SECOND_THOUGHTS)\n"
            "        async with self._in_turn:\n"
            "            choice = self._chosen.pop(interaction.user.id)\n"
            "            poll = await self.ballot.find(number, interaction.guild_id or 0)\n",
        ),
    ),
    message=(
        "Polls: what is pressed last within a second is the vote\n\n"
        "People who slipped and pressed again saw the tally jump back and forth."
    ),
    author="Tobias Ekström <tobias.ekstrom@example.org>",
    breaks='/poll create question:Lunch? options:"Pizza | Salad", then press Pizza twice, quickly',
    steps=(
        FaultStep(
            command="poll create", options={"question": "Lunch?", "options": "Pizza | Salad"}
        ),
        FaultStep(press="Pizza", times=2, at_once=True),
    ),
    report="voting in a poll fails now and then, fix it",
    error="KeyError",
)

REPLAYED = (TWO_PRESSES,)
