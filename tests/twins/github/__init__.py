"""A GitHub on this machine: its REST and GraphQL shapes over a real bare repository.

What is asked of it and what it answers is held to GitHub's published description.
"""

from tests.twins.git_host.faults import HeldRequest as HeldRequest
from tests.twins.github._front import Request as Request
from tests.twins.github._twin import GithubTwin as GithubTwin
