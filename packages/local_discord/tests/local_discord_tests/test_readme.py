"""What the package's README shows works as it stands there."""

import re
from pathlib import Path

import local_discord

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


async def test_the_example_passes() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    known: dict[str, object] = {}
    exec(example, known)  # noqa: S102  our own document
    tried = known["test_it_repeats_what_people_say"]
    assert callable(tried)
    await tried()


def test_every_public_name_is_told() -> None:
    assert {name for name in local_discord.__all__ if f"`{name}`" not in README} == {"Message"}
