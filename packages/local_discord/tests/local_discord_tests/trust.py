"""For tests that are not about who may act as a person."""

from local_discord._page_token import PageToken


def trust_programs() -> PageToken:
    """Return a check that takes every program for one of our own user.

    The kernel takes 4 ms or more to find the owner of a connection, because it goes through all.
    """
    return PageToken(lambda _peer, _here: True)
