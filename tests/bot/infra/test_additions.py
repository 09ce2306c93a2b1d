"""Two changes that only add lines are merged; all others are conflicts."""

import pytest

from bot.infra.additions import merge_additions

BASE = "import os\n\na = 1\nb = 2\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (BASE + "c = 3\n", BASE + "d = 4\n", BASE + "c = 3\nd = 4\n"),
        ("import re\n" + BASE, BASE + "d = 4\n", "import re\n" + BASE + "d = 4\n"),
        (BASE + "c = 3\n", BASE + "c = 3\n", BASE + "c = 3\n"),
        (
            "import re\nimport csv\n" + BASE,
            "import json\nimport re\n" + BASE,
            "import re\nimport csv\nimport json\n" + BASE,
        ),
        (
            BASE + "def c():\n    return None\n",
            BASE + "def d():\n    return None\n",
            BASE + "def c():\n    return None\ndef d():\n    return None\n",
        ),
        (BASE.replace("1", "7"), BASE + "d = 4\n", None),
        (BASE + "c = 3\n", "import os\n\nb = 2\n", None),
        (BASE + "c = 3\n", BASE, BASE + "c = 3\n"),
    ],
)
def test_only_additions_are_put_together(ours: str, theirs: str, both: str | None) -> None:
    assert merge_additions(BASE, ours, theirs) == both
