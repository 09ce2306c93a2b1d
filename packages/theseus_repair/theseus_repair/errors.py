"""The errors of the repair: `RepairError`, with a leaf for each cause. Messages are for people.

RepairError
├── OptionError        a folder, file or command that was named is wrong
├── NothingToRepair    the command passes, or there is no code that could be changed
└── RunnerUnavailable   the tests cannot be run at all
"""


class RepairError(Exception):
    """The base of the tree. `detail` is the output of a program."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class OptionError(RepairError):
    """A folder, file or command that was named is wrong. The message says how to fix it."""


class NothingToRepair(RepairError):
    """The command passes, or there is no code that could be changed."""


class RunnerUnavailable(RepairError):
    """The tests cannot be run at all."""
