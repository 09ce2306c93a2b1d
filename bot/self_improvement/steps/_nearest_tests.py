"""The tests that judge every edit of an engine."""

from bot.domain.plan import Plan
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace

# The number of tests that the engine runs for every edit. The verifier runs more later, once.
_NEAREST_TESTS = 4


async def add_nearest_tests(plan: Plan, verifier: Verifier, workspace: Workspace) -> Plan:
    """Return the plan with the tests by which an engine judges every edit."""
    owned = sorted(plan.owned_files)
    affected = await verifier.find_affected_tests(workspace, owned, limit=_NEAREST_TESTS)
    return plan.replace(affected=affected)
