"""The prompts of the commit that runs: what its code fills in, whatever the files say by now."""

from pathlib import PurePosixPath

from bot.hot_reload.content import ItemContent
from bot.infra.git import Git

_FOLDER = "prompts/"


def load_committed_prompts(git: Git, commit: str) -> dict[str, ItemContent] | None:
    """Return the prompts of a commit by their names; `None` where git has none. Blocking.

    Raises `WorkspaceError` for a commit that is not there.
    """
    listed = git.run("ls-tree", "--name-only", "-z", commit, _FOLDER, ok=None)
    if listed.status != 0:
        return None
    paths = [name.decode("utf-8", "replace") for name in listed.out.split(b"\0") if name]
    paths = [path for path in paths if path.endswith(".md")]
    asked = "".join(f"{commit}:{path}\n" for path in paths)
    output = git.run("cat-file", "--batch", stdin=asked.encode()).out
    found: dict[str, ItemContent] = {}
    for path in paths:
        head, _, rest = output.partition(b"\n")
        size = int(head.rsplit(b" ", 1)[1]) if b" blob " in head else 0
        found[PurePosixPath(path).stem] = ItemContent({path: rest[:size]})
        output = rest[size + 1 :]
    return found or None
