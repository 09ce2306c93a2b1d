"""The failure without an exception: a command that did not respond."""


class NoResponse(Exception):
    """A command ended without an exception and without a response to its interaction.

    It is recorded as a failure and never raised.
    """
