"""The picture of the state machine in docs/architecture.md, drawn from its table.

`python -m tests.support.state_diagram` writes it there; a test compares.
"""

from pathlib import Path

from bot.domain.run import Goal, Stage, Waiting
from bot.domain.run_state import FIRST, ORDER, TABLE, Standing

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
_BEGIN, _END = "<!-- state machine: generated -->\n", "<!-- end of what is generated -->\n"
_DRAWN: tuple[Goal, ...] = ("fix", "change")  # the others take the first's way, and less of it


def _node(standing: Standing) -> str:
    return "waiting" if isinstance(standing, Waiting) else standing.value


def _lines(edges: dict[tuple[str, str], list[str]]) -> list[str]:
    return [
        f"    {before} --> {after}: {', '.join(dict.fromkeys(names))}"
        for (before, after), names in edges.items()
    ]


def _stages(goal: Goal) -> list[str]:
    order = ORDER[goal]
    edges: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for stage in order:
            leads = row.to in order and row.to is not Stage.OBSERVE
            if goal in row.goals and stage in row.at and leads:
                edges.setdefault((stage.value, str(row.to)), []).append(row.name)
    return [f"    [*] --> {FIRST[goal].stage}", *_lines(edges)]


def _standings() -> list[str]:
    edges: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for before in dict.fromkeys(_node(each) for each in sorted(row.before)):
            for after in dict.fromkeys(_node(each) for each in sorted(row.after)):
                edges.setdefault((before, after), []).append(row.name)
    return [f"    [*] --> {_node(FIRST[_DRAWN[0]].standing)}", *_lines(edges)]


def _waits() -> list[str]:
    by = {w: {row.name: 0 for row in TABLE if w in row.after} for w in Waiting}
    rows = [f"| `{waiting.value}` | {', '.join(names)} |" for waiting, names in by.items()]
    return ["| what a waiting run waits for | came there by |", "|---|---|", *rows]


def picture() -> str:
    """Return the diagrams and the list of waits, as Markdown."""
    stages = [
        line
        for goal in _DRAWN
        for line in (f"`{goal}`:", "", "```mermaid", "stateDiagram-v2", *_stages(goal), "```", "")
    ]
    standings = ["```mermaid", "stateDiagram-v2", *_standings(), "```"]
    return "\n".join([*stages, *standings, "", *_waits(), ""])


def drawn(document: str) -> str:
    """Return the picture that stands in a document."""
    return document.partition(_BEGIN)[2].partition(_END)[0]


def redrawn(document: str) -> str:
    """Return the document with the picture as the table has it now."""
    before, _, rest = document.partition(_BEGIN)
    return f"{before}{_BEGIN}{picture()}{_END}{rest.partition(_END)[2]}"


if __name__ == "__main__":
    DOCUMENT.write_text(redrawn(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
