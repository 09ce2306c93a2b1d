"""The errors that this package raises. Each message says what to do, and is safe to show."""


class RehearsalError(Exception):
    """Nothing can be replayed here: the script, the commit or the machine does not allow it."""


class SandboxUnavailable(RehearsalError):
    """The sandbox would show private files, so it runs no command."""


class UnreadableYaml(RehearsalError):
    """A text is not valid YAML. The message names the source and the line."""
