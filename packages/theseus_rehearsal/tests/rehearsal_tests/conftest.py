"""Property tests are repeatable, and have no time limit on a busy machine."""

from hypothesis import settings

settings.register_profile("rehearsal", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("rehearsal")
