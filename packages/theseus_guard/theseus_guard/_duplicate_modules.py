"""Refuses a second file for one module name, where an import or a reader could find the wrong one.

Python prefers a package to a module next to it, a compiled library to the source, and a module to a
folder without `__init__.py`; a type checker reads the stub. Other systems treat names as equal that
differ in case or Unicode form. So files are compared by the names they are found under: two files
for one name are refused, whichever of them would win today.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from theseus_guard.protection import get_module_path, normalise_path
from theseus_guard.records import FileChange, Finding
from theseus_guard.unified_diff import FilePatch


def _index_by_name(files: Collection[str]) -> dict[str, set[str]]:
    """Return the files and folders under each name, normalised as imports and file systems do.

    Folders end in a slash. `__pycache__` is skipped as a folder because its files are loaded in the
    place of the source next to it.
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
    """Return the paths that exist after the change."""
    removed = {change.path for change in changes if change.status == "deleted"}
    removed |= {patch.path for patch in patches if patch.status == "deleted"}
    removed |= {patch.old_path for patch in patches if patch.status == "renamed"}
    present = {change.path for change in changes if change.status != "deleted"}
    present |= {patch.path for patch in patches if patch.status != "deleted"}
    return (set(base_files) - removed) | present


def find_shadowing(
    base_files: Collection[str], changes: Sequence[FileChange], patches: Sequence[FilePatch]
) -> Iterator[Finding]:
    """Yield new files whose name another file already has, which base has and the change keeps."""
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
                f"`{place}` has the same name as `{other}`: an import, a type checker or another "
                "system could use the wrong one."
            )
            yield Finding(rule="shadowing", path=place, message=message, blocking=True)
