"""Reads the texts of an installed package: code with docstrings, metadata, README and changelog.

Nothing is imported or run: modules are parsed, and other files are read as text.
"""

import ast
import re
from collections.abc import Iterator
from email.message import Message
from importlib.metadata import Distribution, PackageMetadata
from pathlib import Path
from typing import NamedTuple

from theseus_guard.syntax import parse

from bot.domain.research import LONGEST_PASSAGE, SourceKind
from bot.research.passages import split_text
from bot.research.terms import clean_text

_MOST_FILES = 800
_MOST_CHARS = 8_000_000
_LONGEST_FILE = 500_000  # bytes
_SHORTEST = 40
_SKIPPED = re.compile(r"(?:^|/)(?:tests?|testing|_vendor|vendored|locale|examples?)/|_pb2\.pyi?$")
_CHANGELOG = re.compile(
    r"(?:^|/)(?:changelog|changes|history|news|whats_?new|release_notes)[^/]*\.(?:md|rst|txt)$",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"\b(?:change ?log|changes|release notes|what'?s new|history)\b", re.I)
_ROLE = re.compile(r"(?::[a-z:]{2,20}:)(`{1,2})([^`\n]{1,200})\1")
_DIRECTIVE = re.compile(r"^ *\.\. ([a-z]{3,20}):: *", re.MULTILINE)
_HEADING = re.compile(r"^(?:#{1,4} +(.{1,120})|(.{1,120})\n[=\-~^]{4,})$", re.MULTILINE)


class PackageText(NamedTuple):
    """A part of a package."""

    kind: SourceKind
    locator: str
    text: str


def list_texts(distribution: Distribution) -> Iterator[PackageText]:
    """Yield the texts of a package, at most 8 million characters."""
    left = _MOST_CHARS
    for text in _iterate_all(distribution):
        left -= len(text.text)
        if left < 0:
            return
        yield text


def _iterate_all(distribution: Distribution) -> Iterator[PackageText]:
    yield from _read_metadata(distribution)
    count = 0
    for file in distribution.files or ():
        name = file.as_posix()
        if name.startswith(("..", "/")) or _SKIPPED.search(name):
            continue
        is_log = bool(_CHANGELOG.search(name))
        if not is_log and not name.endswith(".py"):
            continue
        count += 1
        if count > _MOST_FILES:
            return
        source = _read_file(Path(str(distribution.locate_file(file))))
        if is_log:
            yield from (PackageText("changelog", name, part) for part in split_text(source))
        else:
            yield from _read_module(name, source)


def _read_file(path: Path) -> str:
    """Return the text of a file; "" if it is too large, missing or no text."""
    try:
        if path.stat().st_size > _LONGEST_FILE:
            return ""
        return clean_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""


def _read_metadata(distribution: Distribution) -> Iterator[PackageText]:
    metadata = distribution.metadata
    lines = [
        f"{name}: {value}"
        for name in ("Name", "Version", "Summary", "Requires-Python", "License-Expression")
        if name in metadata and (value := metadata[name])
    ]
    lines += [f"Link: {each}" for each in metadata.get_all("Project-URL") or ()]
    lines += [f"Needs: {each}" for each in (distribution.requires or ())[:60]]
    yield PackageText("metadata", "metadata", clean_text("\n".join(lines))[:LONGEST_PASSAGE])
    description = clean_text(_get_description(metadata))
    for heading, body in _split_sections(description):
        is_log = bool(_CHANGES.search(heading) or re.match(r"v?\d+\.\d+", heading))
        kind: SourceKind = "changelog" if is_log else "metadata"
        for part in split_text(body):
            yield PackageText(kind, f"README {heading}".strip(), part)


def _get_description(metadata: PackageMetadata) -> str:
    """Return the README: the body of the file, or a field of older packages."""
    body = metadata.get_payload() if isinstance(metadata, Message) else ""
    if isinstance(body, str) and body.strip():
        return body
    has_field = "Description" in metadata
    return metadata["Description"] if has_field else ""


def _split_sections(text: str) -> Iterator[tuple[str, str]]:
    start, heading = 0, ""
    for found in _HEADING.finditer(text):
        yield heading, text[start : found.start()]
        start, heading = found.end(), (found[1] or found[2]).strip()
    yield heading, text[start:]


def _read_module(name: str, source: str) -> Iterator[PackageText]:
    """Yield the definitions of a module, each with its place."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = source.split("\n")
    yield from _read_docstring(tree, f"{name}:1")
    yield from _read_definitions(name, tree.body, lines, "")


def _read_definitions(
    name: str, body: list[ast.stmt], lines: list[str], prefix: str
) -> Iterator[PackageText]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        qualified = f"{prefix}{node.name}"
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.ClassDef):
            inner = [each.lineno for each in node.body if not _is_docstring(each)]
            end = max(node.lineno, min(inner) - 1) if inner else end
        yield from _read_docstring(node, f"{name}:{node.lineno} {qualified}")
        text = "\n".join(lines[node.lineno - 1 : end]).rstrip()
        if len(text) >= _SHORTEST:
            # A part of a long definition has the line on which it begins.
            line = node.lineno
            for part in split_text(text, LONGEST_PASSAGE - 500):
                yield PackageText("code", f"{name}:{line} {qualified}", part)
                line += part.count("\n") + 1
        if isinstance(node, ast.ClassDef):
            yield from _read_definitions(name, node.body, lines, f"{qualified}.")


def _read_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, locator: str
) -> Iterator[PackageText]:
    text = strip_markup(ast.get_docstring(node) or "")
    if text and len(text) >= _SHORTEST:
        yield from (PackageText("docstring", locator, part) for part in split_text(text))


def strip_markup(text: str) -> str:
    """Return a docstring as people read it: without roles and directives of reStructuredText."""
    return _ROLE.sub(r"\2", _DIRECTIVE.sub(r"\1 ", text))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
