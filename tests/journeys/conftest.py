"""The casts a story is played by: it has to come out the same with each."""

import pytest

from tests.support.casts import MakeCast, claude, scripted

CASTS: dict[str, MakeCast] = {"offline": scripted, "claude and github": claude}


@pytest.fixture(params=CASTS)
def cast(request: pytest.FixtureRequest) -> MakeCast:
    """Return each cast in turn; a story that takes many turns may name those it is played by."""
    return CASTS[request.param]
