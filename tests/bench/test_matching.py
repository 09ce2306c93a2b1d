"""The bench of matching counts what people would see: right, asked back, missed, wrong."""

from pathlib import Path

import pytest

from bench.matching import measure, read_pairs
from tests.fakes.fake_meaning_rater import FakeMeaningRater

PAIRS = """\
quiz night is ruined\t/trivia\tKeyError\t'question'\tcogs/trivia.py:fetch_question
/trivia crashes\t/trivia\tKeyError\t'question'\tcogs/trivia.py:fetch_question
/trivia crashes as well\t/ban\tForbidden\t403\tcogs/moderation.py:ban_member
my tea is cold\t/ban\tForbidden\t403\tcogs/moderation.py:ban_member
"""
MEMORY = """\
votes are wiped on friday\twhen are polls cleared?
the logo is by tom\twho drew the picture?
"""


def write(folder: Path, pairs: str = PAIRS) -> Path:
    (folder / "pairs.tsv").write_text(pairs)
    (folder / "memory.tsv").write_text(MEMORY)
    return folder


async def test_every_kind_of_answer_is_counted(tmp_path: Path) -> None:
    rater = FakeMeaningRater("quiz trivia", "votes polls")
    lines = list(await measure(write(tmp_path), rater))
    assert "1 asked back, 1 missed, 1 right, 2 top three, 1 wrong" in lines[0]
    assert "missed: my tea is cold (ban)" in lines
    [questions] = [each for each in lines if " questions: " in each]
    assert questions == "2 questions: 0 answered without its note, 1 missed, 1 right"
    by_words = next(iter(await measure(tmp_path, None)))
    assert "2 missed, 1 right, 1 top three, 1 wrong" in by_words


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pairs\.tsv, line 5: expected 5 cells, found 1"):
        read_pairs(write(tmp_path, f"{PAIRS}broken\n") / "pairs.tsv")
