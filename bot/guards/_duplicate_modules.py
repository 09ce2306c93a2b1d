"""One module, one file: a change may not put a second one where an import, or a reader, finds one.

Python takes a package before the module beside it, a compiled library before the source, and a
module before a folder without `__init__.py`; a type check reads the stub. Other systems take names
for one that differ in case or form. So what counts is what each name finds, not how a file is
called: two files for one name are refused, whichever of them would win today.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from bot.authority.protection import get_module_path, normalise_path
from bot.domain.change import FileChange, Finding
from bot.infra.unified_diff import FilePatch


def _index_by_name(files: Collection[str]) -> dict[str, set[str]]:
    """Return under each name, as an import and any file system looks for it, what is found there.

    Folders end in a slash. In `__pycache__` lies what is loaded for the source beside it.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for file in files:
        parts = file.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if parts[depth - 1] != "__pycache__":
                found[normalise_path(folder)].add(f"{folder}/")
        found[get_module_path(normalise_path(file)) or normalise_path(file)].add(file)
    return found


def list_head_files(
    base_files: Collection[str], changes: Sequence[FileChange], patches: Sequence[FilePatch]
) -> set[str]:
    """Return the paths that are there after the change."""
    gone = {each.path for each in changes if each.status == "deleted"}
    gone |= {patch.path for patch in patches if patch.status == "deleted"}
    gone |= {patch.old_path for patch in patches if patch.status == "renamed"}
    there = {each.path for each in changes if each.status != "deleted"}
    there |= {patch.path for patch in patches if patch.status != "deleted"}
    return (set(base_files) - gone) | there


def find_shadowing(
    base_files: Collection[str], changes: Sequence[FileChange], patches: Sequence[FilePatch]
) -> Iterator[Finding]:
    """Yield what would be found where base has something else of that name, and still has it."""
    before, after = (
        _index_by_name(base_files),
        _index_by_name(list_head_files(base_files, changes, patches)),
    )
    for name, places in after.items():
        new = sorted(places - before.get(name, set()))
        if not new or len(places) == 1:
            continue
        for place in new:
            other = min(places - {place})
            message = (
                f"`{place}` stands where `{other}` is found: an import, a type check or another "
                "system takes one for the other."
            )
            yield Finding(rule="shadowing", path=place, message=message, blocking=True)
