"""The errors of the guard: `GuardError`, with a leaf for each cause. Messages are for people.

GuardError
├── RepositoryError    the folder is not a git repository, or git cannot read it
├── UnknownRevision    the repository has no such revision
└── UnknownFile        neither revision has a file that was named
"""


class GuardError(Exception):
    """The base of the tree. `detail` is what git said."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class RepositoryError(GuardError):
    """The folder is not a git repository, or git cannot read it."""


class UnknownRevision(GuardError):
    """The repository has no such revision."""


class UnknownFile(GuardError):
    """Neither revision has a file that was named."""
