"""The picture of the state machine in docs/architecture.md, drawn from its table.

`python -m tests.support.state_diagram` writes it there; a test compares.
"""

from pathlib import Path

from bot.domain.run import Goal, Stage, Waiting
from bot.domain.run_state import FIRST, ORDER, TABLE, FramePosition

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
_BEGIN, _END = "<!-- state machine: generated -->\n", "<!-- end of what is generated -->\n"
_GOALS: tuple[Goal, ...] = ("fix", "change")  # the others take the first's way, and less of it


def _name_node(status: FramePosition) -> str:
    return "waiting" if isinstance(status, Waiting) else status.value


def _format_edges(edges: dict[tuple[str, str], list[str]]) -> list[str]:
    return [
        f"    {before} --> {after}: {', '.join(dict.fromkeys(names))}"
        for (before, after), names in edges.items()
    ]


def _render_stages(goal: Goal) -> list[str]:
    order = ORDER[goal]
    edges: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for stage in order:
            leads = row.to in order and row.to is not Stage.OBSERVE
            if goal in row.goals and stage in row.at and leads:
                edges.setdefault((stage.value, str(row.to)), []).append(row.edge.label)
    return [f"    [*] --> {FIRST[goal].stage}", *_format_edges(edges)]


def _render_statuses() -> list[str]:
    edges: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for before in dict.fromkeys(_name_node(each) for each in sorted(row.before)):
            for after in dict.fromkeys(_name_node(each) for each in sorted(row.after)):
                edges.setdefault((before, after), []).append(row.edge.label)
    return [f"    [*] --> {_name_node(FIRST[_GOALS[0]].status)}", *_format_edges(edges)]


def _render_waits() -> list[str]:
    by = {w: {row.edge.label: 0 for row in TABLE if w in row.after} for w in Waiting}
    rows = [f"| `{waiting.value}` | {', '.join(names)} |" for waiting, names in by.items()]
    return ["| what a waiting run waits for | came there by |", "|---|---|", *rows]


def render_diagrams() -> str:
    """Return the diagrams and the list of waits, as Markdown."""
    stages = [
        line
        for goal in _GOALS
        for line in (
            f"`{goal}`:",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *_render_stages(goal),
            "```",
            "",
        )
    ]
    standings = ["```mermaid", "stateDiagram-v2", *_render_statuses(), "```"]
    return "\n".join([*stages, *standings, "", *_render_waits(), ""])


def extract_diagrams(document: str) -> str:
    """Return the diagrams in a document."""
    return document.partition(_BEGIN)[2].partition(_END)[0]


def replace_diagrams(document: str) -> str:
    """Return the document with the picture as the table has it now."""
    before, _, rest = document.partition(_BEGIN)
    return f"{before}{_BEGIN}{render_diagrams()}{_END}{rest.partition(_END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(replace_diagrams(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
