"""`theseus bench` finds the benchmarks where there are some, and says so where there are none."""

from pathlib import Path

import pytest

from bot.cli.bench import load_benchmarks
from bot.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def test_a_program_without_the_benchmarks_says_where_they_are_to_be_had(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"no folder bench in {tmp_path}\. .*clone it"):
        load_benchmarks(tmp_path)


async def test_a_checkout_has_them_and_a_wrong_name_lists_them() -> None:
    with pytest.raises(ConfigError, match=r"--only tea: .* Known: .*journal"):
        await load_benchmarks(ROOT).run("tea")
