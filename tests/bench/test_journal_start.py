"""The benchmark of a journal's start, on a small month: its answers are checked against a scan."""

from pathlib import Path

import pytest

from bench.journal_start import measure_month
from bench.month import check_room
from bot.domain.errors import ConfigError


async def test_a_small_month_is_answered_alike_by_scan_files_and_index(tmp_path: Path) -> None:
    rows = await measure_month(tmp_path, 30_000)
    assert [row.name for row in rows] == [
        "newest 500, no index",
        "failures of a day, no index",
        "the whole index made",
        "newest 500, index",
        "failures of a day, index",
    ]


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="GB are free"):
        check_room(tmp_path, 10**12, index=True)
