"""Faults in the dice."""

from bot.demo.faults._fault import FaultStep, PlantedFault

TOP_FACE = PlantedFault(
    name="dice-top-face",
    kind="index",
    file="cogs/dice.py",
    replacements=(
        (
            'D6_FACES = "⚀⚁⚂⚃⚄⚅"\n',
            "# The six faces follow each other in Unicode, from U+2680.\n"
            "D6_FACES = [chr(0x2680 + pips) for pips in range(5)]\n",
        ),
    ),
    message=(
        "Dice: name the faces by their code points\n\n"
        "Half of our editors show the pips as boxes, so nobody could review this line."
    ),
    author="Mara Lindqvist <mara.lindqvist@example.org>",
    breaks="/roll 2d6 a few times",
    steps=(FaultStep(command="roll", options={"dice": "2d6"}, times=20),),
    report="rolling dice keeps crashing, fix it",
    error="IndexError",
    function="format_face",
    arguments=(6, 6),
)

KEEP_ALL = PlantedFault(
    name="dice-keep-all",
    kind="comparison",
    file="cogs/dice.py",
    replacements=(
        ('    r"(?:kh(?P<keep>\\d{1,6}))?"\n', '    r"(?:kh?(?P<keep>\\d{1,6}))?"\n'),
        ("    if keep >= len(rolls):\n", "    if keep > len(rolls):\n"),
    ),
    test_file="tests/cogs/test_dice.py",
    test_replacements=(
        (
            '        ("4d6kh3", Roll(4, 6, 3, 0)),\n',
            '        ("4d6kh3", Roll(4, 6, 3, 0)),\n        ("4d6k3", Roll(4, 6, 3, 0)),\n',
        ),
    ),
    message=(
        "Dice: k is short for kh\n\n"
        "People coming from other dice bots type 4d6k3. The check for too many kept dice now\n"
        "reads the same here as in the limits."
    ),
    author="Tobias Ekström <tobias.ekstrom@example.org>",
    breaks="/roll 2d6kh2 (keep as many dice as are rolled)",
    steps=(FaultStep(command="roll", options={"dice": "2d6kh2"}),),
    report="rolling 2d6kh2 crashes every time, please fix that",
    error="IndexError",
    function="describe_near_miss",
    arguments=([3, 5], 2),
)

PERCENT = PlantedFault(
    name="dice-percent",
    kind="conversion",
    file="cogs/dice.py",
    replacements=(
        (
            '    sides = 100 if match["sides"] == "%" else int(match["sides"])\n',
            '    sides = int(match["sides"])\n',
        ),
    ),
    message=(
        "Dice: read all four numbers the same way\n\n"
        "The notation only lets digits through, so int() is all it takes."
    ),
    author="Mara Lindqvist <mara.lindqvist@example.org>",
    breaks="/roll d% (a hundred-sided die)",
    steps=(FaultStep(command="roll", options={"dice": "d%"}),),
    report="rolling d% is broken, can you look into it and fix it",
    error="ValueError",
    function="parse_notation",
    arguments=("d%",),
)

FAULTS = (TOP_FACE, KEEP_ALL, PERCENT)
