"""Constructors take what the class uses, by name: seven parameters at most, no bags of ports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MOST = 7
MODULES = sorted(
    path
    for folder in (ROOT / "bot", ROOT / "cogs", *(ROOT / "packages").glob("*/*/"))
    if folder.name != "tests"
    for path in folder.rglob("*.py")
)

# Constructors with more parameters. Shorten this list; never lengthen it.
LARGE = {
    "AnswerInquiry": 9,
    "Approvals": 11,
    "AuditWatch": 9,
    "AutonomyPolicy": 11,
    "BaseUpdates": 8,
    "Cancellation": 8,
    "CandidateGate": 13,
    "ChatSession": 8,
    "Confirmation": 11,
    "ForgejoForge": 8,
    "ForkingRunner": 10,
    "GithubForge": 8,
    "HttpModelGateway": 10,
    "IncidentNotifier": 8,
    "InteractionReplays": 8,
    "IssueIntake": 8,
    "Lease": 10,
    "LocalDiscord": 14,
    "QuestionRecords": 8,
    "QuestionService": 8,
    "RecoveryService": 8,
    "RestartNotices": 8,
    "RunRequests": 8,
    "SelfAudit": 8,
    "TheseusClient": 13,
    "UseWatches": 8,
    "WatchStep": 9,
    "Workers": 9,
}

# Records of ports that more than three modules use. Shorten this list; never lengthen it.
BAGS = {"AuditSources", "EngineResources", "PersonalDataStores", "WebServices"}
_PORT = ("bot.ports.", "theseus_rehearsal.ports.")


class _Constructor(NamedTuple):
    """What is said about a class; its tree is dropped, or the collector would walk it for ever."""

    name: str
    parameters: int
    ports: int  # fields of a dataclass that are ports


@cache
def _list_constructors() -> tuple[_Constructor, ...]:
    return tuple(
        _Constructor(
            node.name,
            _count_parameters(node),
            _count_ports(module, node) if _find_decorator(node) else 0,
        )
        for text in (path.read_text(encoding="utf-8") for path in MODULES)
        if "class " in text
        for module in [ast.parse(text)]
        for node in _find_classes(module)
    )


def _find_classes(module: ast.Module) -> Iterator[ast.ClassDef]:
    """Yield the classes at any depth. Expressions, the most of a tree, hold none."""
    left: list[ast.AST] = [module]
    while left:
        node = left.pop()
        if isinstance(node, ast.ClassDef):
            yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, ())
            left += inner if isinstance(inner, list) else ()  # a lambda's body is an expression


def _find_decorator(node: ast.ClassDef) -> str:
    """Return the source of the class's dataclass decorator; empty if it is no dataclass."""
    found = (ast.unparse(each) for each in node.decorator_list)
    return next((each for each in found if "dataclass" in each), "")


def _list_fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    return [each for each in fields if not ast.unparse(each.target).startswith("_")]


def _count_parameters(node: ast.ClassDef) -> int:
    """Return the parameters of the class's own constructor; 0 if it has none.

    A dataclass that is compared by identity (`eq=False`) is no record, so its fields count too.
    """
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return len(each.args.posonlyargs + each.args.args + each.args.kwonlyargs) - 1
    return len(_list_fields(node)) if "eq=False" in _find_decorator(node) else 0


def _count_ports(module: ast.Module, node: ast.ClassDef) -> int:
    """Return how many fields of a dataclass are ports."""
    ports = {
        alias.asname or alias.name
        for each in module.body
        if isinstance(each, ast.ImportFrom) and (each.module or "").startswith(_PORT)
        for alias in each.names
    }
    return sum(
        any(isinstance(name, ast.Name) and name.id in ports for name in ast.walk(each.annotation))
        for each in _list_fields(node)
    )


def test_constructors_take_at_most_seven_parameters() -> None:
    large = {each.name: each.parameters for each in _list_constructors() if each.parameters > MOST}
    assert large == LARGE, "a class takes what it uses: split it, or shorten the list"


def test_no_record_of_many_ports_is_passed_around() -> None:
    bags = {each.name for each in _list_constructors() if each.ports > MOST - 1}
    assert bags == BAGS, "pass each class the ports that it uses instead of a record of them all"
