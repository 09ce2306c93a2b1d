"""The order of edits is learned from the fixes of a history, and from nothing else."""

import subprocess
from pathlib import Path

import pytest
from theseus_repair.model import Candidate, SourceEdit

from bench.edit_features import describe_shape
from bench.edit_order import read_choices
from bench.edit_order_training import Choice, rank_choices, train_order
from bot.domain.errors import ConfigError

_BEFORE = "def pick(items, at):\n    if at > 3:\n        return None\n    return items[at]\n"
_GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@localhost")


def _commit(repository: Path, text: str, message: str) -> str:
    (repository / "m.py").write_text(text, encoding="utf-8")
    for words in (("add", "-A"), ("commit", "-qm", message)):
        subprocess.run([*_GIT, *words], cwd=repository, check=True, capture_output=True)
    head = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        head, cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_small_fix_is_a_choice_among_the_edits_of_its_function(tmp_path: Path) -> None:
    repository = tmp_path / "a+b" / "repo"
    repository.mkdir(parents=True)
    subprocess.run([*_GIT, "init", "-q"], cwd=repository, check=True)
    _commit(repository, _BEFORE, "Pick")
    fixed = _BEFORE.replace("at > 3", "at >= 3")
    _commit(repository, fixed, "Fix the IndexError at the end")
    last = _commit(repository, fixed.replace("None", "items"), "Return all of them")
    about = {"a/b": {"commit": last, "fixes": 9}}

    choices = read_choices(tmp_path, {"train": about, "held": about})
    (choice,) = choices.train
    features = {name for at in choice.right for name in choice.edits[at][1]}
    assert {"kind comparison in If", "error IndexError kind comparison"} <= features
    assert len(choice.edits) > 20
    assert choices.held == []  # what teaches never measures

    with pytest.raises(ConfigError, match="no/one there"):
        read_choices(tmp_path, {"train": {"no/one": about["a/b"]}, "held": {}})


def test_what_was_the_fix_comes_first_afterwards() -> None:
    edits = [(0.9, ("kind often", "crowd 1")), (0.5, ("kind rarely", "crowd 1"))]
    choices = [Choice([*edits, *edits], [3]) for _ in range(20)]
    order = train_order(choices)

    assert rank_choices(choices, None).median == 4
    assert rank_choices(choices, order).median == 2
    assert train_order(choices) == order


@pytest.mark.parametrize(
    ("old", "new", "shape"),
    [
        ("items", "at", "name to name"),
        ("3", "4", "number to number"),
        ("items[at]", "items.get(at)", "code more"),
        ("at > 3", "", "remove part"),
        ("", "    if at is None:\n        return None\n", "insert if"),
    ],
)
def test_the_shape_says_what_an_edit_does_and_no_name(old: str, new: str, shape: str) -> None:
    start = _BEFORE.index(old)
    edit = SourceEdit("m.py", start, start + len(old), new)
    assert describe_shape(Candidate((edit,), "any", ""), _BEFORE) == shape
