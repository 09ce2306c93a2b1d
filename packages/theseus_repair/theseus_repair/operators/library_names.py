"""Names that the bot's discord.py has, for names that it does not have: other versions had them."""

import ast
import difflib
import re
from collections.abc import Iterator, Mapping

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.operators.calls import add_argument
from theseus_repair.source import get_called_name

KIND = "library"
MISSING_MEMBER = re.compile(r"(?:type object )?'(\w+)'(?: object)? has no attribute '(\w+)'")
MISSING_NAME = re.compile(r"module 'discord(?:\.[\w.]+)?' has no attribute '(\w+)'")
UNEXPECTED = re.compile(r"(?:(\w+)\.)?(\w+)\(\) got an unexpected keyword argument '(\w+)'")
REQUIRED = re.compile(r"missing \d+ required keyword-only arguments?: '(\w+)'")
NAMES_AT_MOST = 4
LIKENESS = 0.5
FEW = 16
DEFAULTS = "default"
PLAIN_TYPES = re.compile(r"Optional\[(.+)\]|(.+) \| None")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield names of the library for one statement that used others."""
    if not view.pools.library.classes:
        return
    member = MISSING_MEMBER.search(view.crash.message)
    name = MISSING_NAME.search(view.crash.message)
    unexpected = UNEXPECTED.search(view.crash.message)
    required = REQUIRED.search(view.crash.message)
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Attribute):
            if member and member[2] == node.attr:
                yield from _propose_members(node, member[1], view)
            elif name and name[1] == node.attr:
                known = {**view.pools.library.classes, **view.pools.library.functions}
                yield from _rename(node, known, view)
        elif isinstance(node, ast.Call):
            if unexpected:
                yield from _propose_keywords(node, unexpected, view)
            if required:
                yield from _propose_required(node, required[1], view)


def _propose_members(node: ast.Attribute, owner: str, view: View) -> Iterator[Candidate]:
    """Yield the members of an object's class that a missing one may stand for."""
    members = view.pools.library.list_members(owner)
    public = {name: of for name, of in members.items() if not name.startswith("_")}
    yield from _rename(node, public, view)
    if len(public) <= FEW:  # an enumeration: its other values, those first that nobody uses yet
        for name in public:
            weight = 0.45 if name in view.pools.attributes else 0.75
            yield _rename_everywhere(node, name, weight, view)
    words = node.attr.split("_")
    for at in range(1, len(words)):
        first, last = "_".join(words[:at]), "_".join(words[at:])
        for name, annotation in public.items():
            if name == first or name.endswith(f"_{first}"):
                yield from _propose_part(node, name, annotation, last, view)


def _rename(node: ast.Attribute, known: Mapping[str, object], view: View) -> Iterator[Candidate]:
    for name in difflib.get_close_matches(node.attr, list(known), NAMES_AT_MOST, LIKENESS):
        likeness = difflib.SequenceMatcher(None, node.attr, name).ratio()
        yield _rename_everywhere(node, name, 0.5 + 0.4 * likeness, view)


def _rename_everywhere(node: ast.Attribute, name: str, weight: float, view: View) -> Candidate:
    """Return the new name at each place with the same code: it does not exist anywhere."""
    old = view.get_code(node)
    same = [each for each in view.source.nodes
            if isinstance(each, ast.Attribute) and view.get_code(each) == old]  # fmt: skip
    edits = [view.source.replace(each, f"{view.get_code(each.value)}.{name}") for each in same]
    return view.make(edits, KIND, weight, f"`.{name}` instead of `.{node.attr}`", node)


def _propose_part(
    node: ast.Attribute, name: str, annotation: str, last: str, view: View
) -> Iterator[Candidate]:
    """Yield a member of a member: `user.display_avatar.url` for `user.avatar_url`."""
    optional = PLAIN_TYPES.fullmatch(annotation)
    kind = next(filter(None, optional.groups())) if optional else annotation
    if last not in view.pools.library.list_members(kind):
        return
    holder = f"{view.get_code(node.value)}.{name}"
    weight = 0.9 if optional else 1.0
    weight -= 0.1 if name.startswith(DEFAULTS) else 0.0  # the value for those who have none
    yield view.put(node, f"{holder}.{last}", KIND, weight)
    if optional and not view.source.is_called(node):
        text = f"{holder}.{last} if {holder} else None"
        parent = view.source.parents.get(node)
        enclosed = isinstance(parent, (ast.keyword, ast.Assign, ast.Return))
        yield view.put(node, text if enclosed else f"({text})", KIND, weight - 0.03)


def _propose_keywords(node: ast.Call, error: re.Match[str], view: View) -> Iterator[Candidate]:
    """Yield the call with a parameter that exists for one that does not, or without it."""
    owner, function, wrong = error.groups()
    called = owner if function == "__init__" else function
    wanted = next((each for each in node.keywords if each.arg == wrong), None)
    if wanted is None or called in view.pools.functions or called in view.pools.classes:
        return
    library = view.pools.library
    known = library.find_parameters(owner, function) if owner else None
    known = known or library.list_parameters(called)
    used = {each.arg for each in node.keywords}
    free = [name for name in known if name not in used]
    code = view.get_code(wanted.value)
    for name in difflib.get_close_matches(wrong, free, NAMES_AT_MOST, 0.3):
        likeness = difflib.SequenceMatcher(None, wrong, name).ratio()
        yield view.put(wanted, f"{name}={code}", KIND, 0.6 + 0.4 * likeness)
    remaining = [each for each in (*node.args, *node.keywords) if each is not wanted]
    text = f"{view.get_code(node.func)}({', '.join(map(view.get_code, remaining))})"
    yield view.put(node, text, KIND, 0.6, f"leave out `{wrong}`")


def _propose_required(node: ast.Call, name: str, view: View) -> Iterator[Candidate]:
    """Yield a value for a parameter that has to be given: `intents=discord.Intents.all()`."""
    library = view.pools.library
    kind = "".join(word.title() for word in name.split("_"))
    called = get_called_name(node)
    bases = _find_bases(node, view) if called == "__init__" else (called,)
    if name in {each.arg for each in node.keywords} or kind not in library.classes:
        return
    if not any(name in (library.find_parameters(base, "__init__") or ()) for base in bases):
        return
    prefix = "" if kind in view.source.imported_names else "discord."
    for maker in library.classes[kind].makers:
        weight = 0.9 if maker in ("all", DEFAULTS) else 0.5
        yield add_argument(node, f"{name}={prefix}{kind}.{maker}()", weight, view)


def _find_bases(node: ast.AST, view: View) -> tuple[str, ...]:
    """Return the bases of the class around a node."""
    klass = view.source.find_class(node)
    bases = klass.bases if klass else []
    return tuple(str(getattr(base, "attr", getattr(base, "id", ""))) for base in bases)
