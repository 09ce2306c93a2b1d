"""How far a change is proven, as people read it."""

from bot.domain.change import Verdict
from bot.domain.plan import Plan, Risk

CALL_ONLY = "Proven for the failing call only"


def risk_of(plan: Plan, verdict: Verdict) -> Risk:
    """Return the plan's risk; what is proven for one call only is never a low one."""
    return "medium" if plan.risk == "low" and verdict.proven == "call" else plan.risk


def label(verdict: Verdict) -> str:
    """Return what the reproduction does not say of this head, or nothing."""
    if verdict.undoes:
        return f"Takes back all of commit `{verdict.undoes[:7]}`, its tests with it."
    if verdict.proven == "call":
        return f"{CALL_ONLY}: no other test looks at what was edited."
    return ""
