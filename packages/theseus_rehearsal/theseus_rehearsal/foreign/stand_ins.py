"""Stand-in values for what a bot reads from its environment: tokens, secrets, ids, prefixes."""

import ast
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from theseus_guard.syntax import parse

STAND_IN = "stand-in"
_EXAMPLE = re.compile(r"[._-]?(?:example|sample|template|dist|default)s?(?=[._-]|$)", re.IGNORECASE)
_COPIED = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".py", ".conf")
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|API_?KEY|_KEY$|^KEY|CREDENTIAL|AUTH", re.IGNORECASE)
_SCHEME = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")
_DATABASE = re.compile(r"(^|_)(DATABASE|DB|POSTGRES(QL)?|PG|PSQL)_?(URL|URI|DSN)$|^DSN$")
_MAY_LOOK_UP = re.compile(r"environ|getenv|\b(?:config|env)\s*\(")
_PLACEHOLDER = re.compile(r"your|here|change|<.*>|^\.\.\.|x{3}|example|prefix|token", re.IGNORECASE)
_PLAIN = re.compile(r"[\w!?.,:;$%&+*~<>-]{1,20}")
_SKIPPED = {".git", ".venv", "venv", "env", "node_modules", "__pycache__"}


def build_variables(tree: Path, work_tree: Path) -> dict[str, str]:
    """Return the variables that the code of a tree looks up, with stand-in values.

    Names come from the code and from `.env` files. Values of the work tree's own `.env` are used
    only if they are short and neither secrets nor ids. `{guild}`, `{dev_channel}` and `{owner}` are
    ids of the script's server.
    """
    found: dict[str, str] = {}
    for name, is_needed in _iterate_lookups(tree):
        value = choose_value(name, "")
        if value or is_needed:
            found.setdefault(name, value or STAND_IN)
    examples = [path for path in sorted(tree.glob(".env*")) + sorted(tree.glob("*.env"))]
    for path in (*examples, work_tree / ".env"):
        for name, written in _read_variables(path).items():
            value = "" if path in examples and _PLACEHOLDER.search(written) else written
            found[name] = choose_value(name, value) or value or found.get(name, "")
            is_made = "{" in found[name] or _SCHEME.match(found[name])
            if not _PLAIN.fullmatch(found[name]) and not is_made:
                found[name] = STAND_IN
    return found


def choose_value(name: str, written: str) -> str:
    """Return the stand-in for a variable of that name; empty if its own value does no harm."""
    upper = name.upper()
    if re.search(r"(^|_)IDS?$", upper) or (written.isdigit() and len(written) > 14):
        kinds = (
            ("OWNER", "owner"),
            ("ADMIN", "owner"),
            ("USER", "owner"),
            ("CHANNEL", "dev_channel"),
        )
        return f"{{{next((id_ for word, id_ in kinds if word in upper), 'guild')}}}"
    scheme = _SCHEME.match(written)
    if scheme or _DATABASE.search(upper):
        return f"{scheme[0] if scheme else 'postgresql://'}rehearsal@localhost:5432/rehearsal"
    if _SECRET.search(upper):
        return STAND_IN
    if upper.endswith("PORT") and not written:
        return "5432"
    if "PREFIX" in upper and not written:
        return "!"
    return ""


def _read_variables(path: Path) -> Mapping[str, str]:
    """Return the assignments of an `.env` file; empty if there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip().isidentifier():
            found[name.strip()] = value.split(" #")[0].strip().strip("\"'")
    return found


def _iterate_lookups(tree: Path) -> Iterator[tuple[str, bool]]:
    """Yield each variable that the code looks up, and whether it fails without it."""
    for path in iterate_files(tree, (".py",)):
        with suppress(OSError, ValueError, SyntaxError, RecursionError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = path.read_text(encoding="utf-8")
            if _MAY_LOOK_UP.search(text):  # parsing each file of a large bot takes a second
                for node in ast.walk(parse(text)):
                    yield from _find_lookup(node)


def _find_lookup(node: ast.AST) -> Iterator[tuple[str, bool]]:
    match node:
        case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(str() as name)):
            yield name, True
        case ast.Call(func=function, args=[ast.Constant(str() as name)], keywords=[]):
            match function:
                case ast.Attribute(attr="get", value=ast.Attribute(attr="environ")):
                    yield name, False
                case ast.Attribute(attr="getenv") | ast.Name(id="getenv"):
                    yield name, False
                case ast.Name(id="config" | "env"):
                    yield name, name.isupper()


def iterate_files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of a folder with these suffixes, in order, but not those of environments."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in suffixes and path.is_file() and not _SKIPPED.intersection(parts):
            yield path


def copy_examples(folder: Path) -> list[str]:
    """Copy each example of a configuration to the file that it is an example of.

    Returns the names of the new files; files that exist stay as they are.
    """
    copied = []
    for path in iterate_files(folder, (*_COPIED, ".example", ".sample", ".template", ".dist")):
        name = _EXAMPLE.sub("", path.name).lstrip("_-")
        if name.lstrip(".") == "" or len(name) >= len(path.name.lstrip("_-")):
            continue  # it is no example, or the word is its whole name
        target = path.with_name(name)
        if target.suffix in _COPIED and not target.exists():
            shutil.copyfile(path, target)
            copied.append(target.relative_to(folder).as_posix())
    return copied
