"""The casts a story is played by: it has to come out the same with each."""

import pytest

from tests.support.casts import MakeCast, claude, scripted
from tests.support.choosing import some_of

CASTS: dict[str, MakeCast] = {"offline": scripted, "claude and github": claude}


@pytest.fixture(params=some_of(CASTS, each=len(CASTS)))
def cast(request: pytest.FixtureRequest) -> MakeCast:
    """Return each cast in turn; a story may name those it is always played by."""
    return CASTS[request.param]
