"""What is measured of backups is what a backup and the plain tools do with the same folder."""

from bench.backup import measure


async def test_a_backup_and_the_plain_tools_are_measured_beside_each_other() -> None:
    rows = await measure(days=2, lines=20, entries=2, pairs=1)
    assert [row.name for row in rows] == ["made", "made", "read and compared", "size"]
    assert all(row.ours > 0 and row.ratio for row in rows)
