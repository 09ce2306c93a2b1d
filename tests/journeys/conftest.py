"""The casts a story is played by: it has to come out the same with each."""

import pytest

from tests.support.casts import MakeCast, claude, open_scripted_cast
from tests.support.parameter_choice import choose_parameters

CASTS: dict[str, MakeCast] = {"offline": open_scripted_cast, "claude and github": claude}


@pytest.fixture(params=choose_parameters(CASTS, each=len(CASTS)))
def cast(request: pytest.FixtureRequest) -> MakeCast:
    """Return each cast in turn; a story may name those it is always played by."""
    return CASTS[request.param]
