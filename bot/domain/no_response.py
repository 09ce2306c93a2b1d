"""The failure that nothing raises: nobody was answered."""


class NoResponse(Exception):
    """A command ended without responding to its interaction: nothing raised, and nobody was told.

    It is recorded, and never raised.
    """
