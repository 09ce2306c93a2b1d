"""A project with one faulty cog, and the edit that fixes it."""

from pathlib import Path

BROKEN = '''"""Dice."""

FACES = "abcdef"


def face(value: int) -> str:
    """Return the letter of a face."""
    return FACES[value]
'''
FIXED = BROKEN.replace("FACES[value]", "FACES[value - 1]")
TEST = """from cogs.dice import face


def test_the_first_face_is_a() -> None:
    assert face(1) == "a"
"""
FILES: dict[str, str | bytes] = {
    "cogs/__init__.py": '"""Cogs."""\n',
    "cogs/dice.py": BROKEN,
    "tests/test_dice.py": TEST,
}
FIX = {"cogs/dice.py": FIXED}


def is_broken(root: Path) -> bool:
    """Return whether the fault is in the tree."""
    return "FACES[value]" in (root / "cogs/dice.py").read_text(encoding="utf-8")
