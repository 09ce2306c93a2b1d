"""Finds commands whose presentation changes while the documents that mention them do not."""

import re
from collections.abc import Iterator, Mapping

from bot.proof.command_texts import CommandText

_HEADING = re.compile(r"^(?=#{1,6}\s)", re.MULTILINE)


def is_document(path: str) -> bool:
    """Return whether people read a file to learn about commands."""
    folder, _, name = path.rpartition("/")
    if not name.lower().endswith((".md", ".rst", ".txt")) or name.lower().startswith("changelog"):
        return False
    return folder.split("/")[0] == "docs" or (not folder and name.lower().startswith("readme"))


def find_stale_mentions(
    before: Mapping[str, CommandText],
    after: Mapping[str, CommandText],
    old_documents: Mapping[str, str],
    new_documents: Mapping[str, str],
) -> tuple[str, ...]:
    """Return a line for each changed command that documents describe as before, or not at all.

    A document follows if a section that mentions the command has changed. A new command has to be
    mentioned where other commands of these files are. A new option needs a description.
    """
    found: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        stale = [
            path
            for path, text in old_documents.items()
            if (mentions := _list_sections(text, name))
            and _list_sections(new_documents.get(path, ""), name) == mentions
        ]
        if old is None:
            others = [*before]
            homes = [
                p for p, text in old_documents.items() if any(_has_mention(text, o) for o in others)
            ]
            is_named = any(_has_mention(text, name) for text in new_documents.values())
            stale = [] if is_named else homes
        found += _describe(name, old, new, stale)
    return tuple(found)


def _describe(
    name: str, old: CommandText | None, new: CommandText | None, stale: list[str]
) -> Iterator[str]:
    """Yield what is missing for one changed command."""
    if stale:
        files = ", ".join(f"`{path}`" for path in stale[:3])
        missing = "not mentioned in" if old is None else "described as before in"
        yield f"`/{name}` {_name_difference(old, new)}, but is {missing} {files}"
    known = {each.name for each in old.options} if old else set()
    for option in new.options if new else ():
        if option.name not in known and old is not None and not option.description:
            described = any(each.description for each in old.options)
            if described:
                yield f"`/{name}`: the new option `{option.name}` has no description"


def _name_difference(old: CommandText | None, new: CommandText | None) -> str:
    if old is None:
        return "is new"
    if new is None:
        return "is gone"
    changed = [
        option.name
        for option in {each.name: each for each in (*old.options, *new.options)}.values()
        if (option in old.options) != (option in new.options)
        or {e for e in old.options if e.name == option.name}
        != {e for e in new.options if e.name == option.name}
    ]
    if changed:
        return f"has changed options ({', '.join(f'`{each}`' for each in changed[:4])})"
    return "has another description"


def _list_sections(text: str, name: str) -> list[str]:
    """Return the sections of a document that mention a command."""
    return [part for part in _HEADING.split(text) if _has_mention(part, name)]


def _has_mention(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w/])[/!`]{{1,2}}{re.escape(name)}(?![\w-])", text) is not None
