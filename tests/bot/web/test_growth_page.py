"""The page about learning: figures with formulas, patterns, and the graph of a file."""

from bot.domain.run_cases import CASE
from tests.bot.web.test_pages import checked
from tests.bot.web.web_server import Room
from tests.support.run_cases import make_case


async def test_it_shows_formulas_patterns_and_what_breaks_with_a_file() -> None:
    room = Room()
    now = room.clock.now()
    for number in range(5):
        case = make_case(f"aaa{number}", ended_at=now, checks={"lint": "passed"}, covered=(3, 4))
        await room.key_values.put(f"{CASE}{case.run_id}", case)
    odd = make_case("bbb", ended_at=now, file="cogs/<b>.py", files=(), frames=(), function="")
    await room.key_values.put(f"{CASE}bbb", odd)
    async with room.serving() as client:
        page = checked((await client.get("/growth?file=dice")).text)
        every = checked((await client.get("/growth")).text)
    for said in (
        "proposals that were approved / proposals that were approved or rejected",
        "15 of 20", "6 of 6", "added condition", "cogs/dice.py", "IndexError in face()",
        "5 runs, 5 held",
        "fix:aaa0 changed file:cogs/dice.py",
    ):  # fmt: skip
        assert said in page.read, said
    assert "bbb" in every.read
    assert "bbb" not in page.read
