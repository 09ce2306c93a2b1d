"""What differs between files, and what taking a change back does to them, without git."""

import difflib
import hashlib
from collections.abc import Mapping
from pathlib import Path

from theseus_guard.records import FileChange

from bot.domain.change import RevertResult
from bot.domain.errors import WorkspaceError
from bot.infra.additions import TextMerge, describe_conflicts, merge_texts

Files = dict[str, bytes]


def decode_text(content: bytes | None) -> str | None:
    """Return a file's text; `None` if it is not there or not text."""
    if content is None or b"\0" in content:
        return None
    return content.decode()


def revert_change(
    before: str, first: Files, after: Files, now: Files
) -> tuple[RevertResult, Files]:
    """Return the files without what led from `first` to `after`, and what became of each.

    A file changed since keeps what else is new in it; where the very lines were changed since,
    there is a conflict.
    """
    files = dict(now)
    restored, blended, conflicts = [], [], []
    for name in sorted(first.keys() | after.keys()):
        was, had, has = first.get(name), after.get(name), now.get(name)
        if was in (had, has):
            continue
        back = was if has == had else _remove_change(was, had, has)
        if has == had:
            restored.append(name)
        elif back is not None:
            blended.append(name)
        else:
            conflicts.append(name)
        files.pop(name, None)
        if back is not None:
            files[name] = back
    if conflicts:
        return RevertResult(before=before, conflicts=tuple(conflicts)), now
    return RevertResult(before=before, restored=tuple(restored), blended=tuple(blended)), files


def _remove_change(was: bytes | None, had: bytes | None, has: bytes | None) -> bytes | None:
    """Return the current text without an earlier change; `None` if the change cannot be located."""
    if was is None or had is None or has is None:
        return None
    first, after = (each.decode().splitlines(keepends=True) for each in (was, had))
    text = has.decode()
    for _, i1, i2, j1, j2 in difflib.SequenceMatcher(None, first, after).get_opcodes():
        old, new = "".join(first[i1:i2]), "".join(after[j1:j2])
        if old == new:
            continue
        if not new or text.count(new) != 1:
            return None
        text = text.replace(new, old)
    return text.encode()


def merge_files(old: Files, theirs: Files, ours: Files) -> tuple[Files, dict[str, str]]:
    """Return our files merged with the changes of `theirs` since `old`.

    It also returns the files with conflicts, with both sides of each. Texts are merged by the rules
    that git's adapter uses.
    """
    files, conflicts = dict(ours), {}
    for name in sorted(old.keys() | theirs.keys()):
        was, new, now = old.get(name), theirs.get(name), ours.get(name)
        if new in (was, now):
            continue
        if now == was:
            both = new
        else:
            merge = _merge_by_rules(name, was, now, new)
            both = merge.text.encode() if merge and merge.text is not None else None
            if both is None:
                conflicts[name] = f"{name}\n{describe_conflicts(merge)}" if merge else ""
        files.pop(name, None)
        if both is not None:
            files[name] = both
    return files, conflicts


def _merge_by_rules(
    name: str, was: bytes | None, ours: bytes | None, theirs: bytes | None
) -> TextMerge | None:
    base, first, second = decode_text(was), decode_text(ours), decode_text(theirs)
    if base is None or first is None or second is None:
        return None
    return merge_texts(base, first, second, is_python=name.endswith(".py"))


def format_git_header(change: FileChange, old: bytes | None, new: bytes | None) -> str:
    """Return the lines git puts before a file's hunks."""
    first = f"diff --git a/{change.path} b/{change.path}\n"
    if old is None:
        return first + "new file mode 100644\n"
    return first + ("deleted file mode 100644\n" if new is None else "")


def compare_file(name: str, old: bytes | None, new: bytes | None) -> FileChange:
    """Return how one file changed, counted in lines."""
    before, after = (decode_text(old) or "").splitlines(), (decode_text(new) or "").splitlines()
    lines = list(difflib.ndiff(before, after))
    return FileChange(
        path=name,
        added=sum(line.startswith("+ ") for line in lines),
        removed=sum(line.startswith("- ") for line in lines),
        status="added" if old is None else "deleted" if new is None else "modified",
    )


def compute_sha(files: Mapping[str, bytes], *words: str) -> str:
    """Return a commit id computed from these files and the message."""
    return hashlib.sha1(
        repr((sorted(files.items()), words)).encode(), usedforsecurity=False
    ).hexdigest()


def as_bytes(files: Mapping[str, str | bytes | None]) -> dict[str, bytes | None]:
    """Return files as bytes; `None` is a file that does not exist."""
    return {
        name: content.encode() if isinstance(content, str) else content
        for name, content in files.items()
    }


def require_folder(folder: Path) -> Path:
    """Return the folder. Raises `WorkspaceError` where there is none."""
    if not folder.is_dir():
        raise WorkspaceError(f"the folder {folder} is not there")
    return folder


def write_files(folder: Path, files: Files) -> None:
    """Write files into a folder, and the folders they are in."""
    for parent in {(folder / name).parent for name in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def list_changes(before: Files, now: Files) -> tuple[FileChange, ...]:
    """Return what differs; a rename is seen where the content stayed the same."""
    gone = {before[name]: name for name in before.keys() - now.keys()}
    new = {now[name]: name for name in now.keys() - before.keys()}
    moved = {side[content] for content in gone.keys() & new.keys() for side in (gone, new)}
    return tuple(
        FileChange(path=name, added=0, removed=0, status="renamed" if name in now else "deleted")
        if name in moved
        else compare_file(name, before.get(name), now.get(name))
        for name in sorted(before.keys() | now.keys())
        if name in moved or before.get(name) != now.get(name)
    )
