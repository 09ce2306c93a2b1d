"""The scripts in the README are valid, and it explains every kind of step."""

import re
from pathlib import Path

from theseus_rehearsal.script_files import parse_script
from theseus_rehearsal.scripts import STEPS

PAGE = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_scripts_of_the_readme_are_valid() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert [len(parse_script(each, "README.md").steps) for each in examples] == [7, 1]


def test_the_readme_explains_every_kind_of_step() -> None:
    assert {word for word in STEPS if f"`{word}" in PAGE} == STEPS.keys()
