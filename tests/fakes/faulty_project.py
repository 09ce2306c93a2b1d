"""A small repository with a fault, its tests, and the checks that prove a change to it."""

from datetime import UTC, datetime
from pathlib import Path

from bot.domain.evidence import Evidence
from bot.domain.journal import Action, ActionOutcome, Capsule, FailureGroup, Kind
from bot.domain.plan import Reproduction
from tests.fakes.repositories import PYTEST_OPTIONS, make_repository

BROKEN = '''"""Dice."""

FACES = "abcdef"


def face(value: int) -> str:
    """Return the letter of a face."""
    return FACES[value]
'''
FIXED = BROKEN.replace("FACES[value]", "FACES[value - 1]")
CONFIG = """\
checks:
  quick:
    - {name: lint, command: [ruff, check, "{changed}"], seconds: 30}
    - {name: affected tests, command: [pytest, -q, "{affected_tests}"], seconds: 60}
"""
TEST = """from dice import face


def test_the_first_face_is_a() -> None:
    assert face(1) == "a"
"""
PROJECT: dict[str, str | bytes | None] = {
    "dice.py": BROKEN,
    "tests/test_dice.py": TEST,
    "pyproject.toml": PYTEST_OPTIONS,
    "data/config.yaml": CONFIG,
}


def make_faulty_project(folder: Path, **changes: str | bytes) -> str:
    """Make the repository (`changes` replace or add files, `__` for a slash); return its commit."""
    named = {name.replace("__", "/"): text for name, text in changes.items()}
    return make_repository(folder, PROJECT | named)


def is_broken(root: Path) -> bool:
    """Return whether the fault is in the tree."""
    return "FACES[value]" in (root / "dice.py").read_text(encoding="utf-8")


def make_reproduction(call: str = "dice.face(6)", expects: str = "IndexError") -> Reproduction:
    """Return a reproduction that makes that call."""
    path = "tests/regressions/test_face.py"
    return Reproduction(
        path=path,
        node_id=f"{path}::test_face",
        source=f"import dice\n\n\ndef test_face() -> None:\n    {call}\n",
        calls=call,
        expects=expects,
    )


def make_single_evidence(capsule: Capsule, base: str) -> Evidence:
    """Return the evidence of one failure of `/roll`, at noon."""
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    action = Action(
        ts=noon,
        id="01m7y8pbgyc9j76yr277651k8c",
        event="command.roll",
        kind=Kind.COMMAND,
        name="roll",
        outcome=ActionOutcome.ERROR,
        error=capsule,
    )
    group = FailureGroup(
        fingerprint=capsule.fingerprint,
        event=action.event,
        count=1,
        first_seen=noon,
        last_seen=noon,
        newest=action,
        action_ids=(action.id,),
    )
    return Evidence(base=base, groups=(group,))
