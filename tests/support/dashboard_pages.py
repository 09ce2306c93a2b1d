"""The pages of the dashboard's world that are checked for everybody: each page at least once."""

PAGES = (
    "/", "/runs", "/runs/r00002", "/runs/r00002/proposal", "/runs/r00002/transcript",
    "/runs/r00000/checks/1", "/incidents", "/incidents/i00000", "/budget", "/versions",
    "/versions/skill/writing-a-cog?version=1", "/versions/prompt/planner", "/wishes", "/memory",
    "/audit", "/state", "/stop", "/growth", "/sessions", "/search?q=dice",
    "/journal?outcome=failed", "/journal?live=1",
)  # fmt: skip
ELSEWHERE = frozenset({"login_form", "journal_record"})
"""Routes of pages that the check reaches by itself: without a login, or by a link."""
NO_PAGES = frozenset(
    {
        "health", "ready", "info", "metrics", "events", "static", "ask_discord",
        "return_from_discord", "journal_export", "list_export",
    }
)  # fmt: skip
"""Routes that answer programs, or lead elsewhere."""
