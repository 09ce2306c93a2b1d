"""Edits of what bots break: waiting, times, SQL, Discord's library."""

import ast

import pytest
from repair_tests.edit_proposals import list_proposals
from theseus_repair.model import Crash, TraceFrame
from theseus_repair.operators._sql import build_schema

FETCH = "async def fetch(name):\n    return {name.id: 1}\n\n\nasync def greet(name, db):\n"
DAY = "from datetime import datetime, timedelta\n\n\ndef old(posted):\n"
ZONED = "from datetime import datetime, timedelta, timezone\n\n\ndef old(posted):\n"
STORE = (
    'SCHEMA = """CREATE TABLE IF NOT EXISTS vote (guild INTEGER, user INTEGER NOT NULL, '
    'choice TEXT, PRIMARY KEY (guild, user))"""\n\n\nasync def run(db, guild, user, choice):\n'
)
LISTENER = "def award(member, points):\n    pass\n\n\nasync def reward(member, points):\n"
AGE = "import discord\nfrom datetime import datetime\n\n\ndef age(member):\n"
MIXED = "can't compare offset-naive and offset-aware datetimes"
NO_WITH = "'Lock' object does not support the context manager protocol"
NO_ASYNC_WITH = "'Lock' object does not support the asynchronous context manager protocol"
BINDINGS = (
    "Incorrect number of bindings supplied. The current statement uses {}, "
    "and there are {} supplied"
)
NEEDLESS = "object int can't be used in 'await' expression"
TWICE = "This interaction has already been responded to before"

# The code before it, the faulty line, the right line, and the text of the crash.
LINES = [
    (FETCH, "return fetch(name)", "return await fetch(name)", "'coroutine' object has no"),
    (FETCH, "return fetch(name)['a']", "return (await fetch(name))['a']", "'coroutine' object"),
    (FETCH, "db.commit()", "await db.commit()", "coroutine 'Connection.commit' was never awaited"),
    (FETCH, "return await len(name)", "return len(name)", NEEDLESS),
    (FETCH, "found = fetch(name)\n    return found.x",
     "found = fetch(name)\n    return (await found).x", ""),
    (FETCH, "with db.lock:\n        pass", "async with db.lock:\n        pass", NO_WITH),
    (FETCH, "async with db.lock:\n        pass", "with db.lock:\n        pass", NO_ASYNC_WITH),
    (FETCH, "return [x for x in db.rows()]", "return [x async for x in db.rows()]",
     "'async_generator' object is not iterable"),
    (FETCH, "for x in db.rows():\n        return x", "async for x in db.rows():\n        return x",
     "'async_generator' object is not iterable"),
    (FETCH, "async for x in fetch(name):\n        return x",
     "for x in await fetch(name):\n        return x",
     "'async for' requires an object with __aiter__ method, got coroutine"),
    (ZONED, "return posted < datetime.now()", "return posted < datetime.now(timezone.utc)", MIXED),
    (ZONED, "return posted < datetime.utcnow()", "return posted < datetime.now(timezone.utc)", ""),
    (ZONED, "return datetime.fromtimestamp(posted)",
     "return datetime.fromtimestamp(posted, timezone.utc)", ""),
    (ZONED, "return datetime.fromtimestamp(posted, timezone.utc)",
     "return datetime.fromtimestamp(posted / 1000, timezone.utc)", "year 52873 is out of range"),
    (ZONED, "return posted < datetime(2026, 1, 1)",
     "return posted < datetime(2026, 1, 1).replace(tzinfo=timezone.utc)", MIXED),
    (ZONED, "return posted.replace(tzinfo=timezone.utc)",
     "return posted.astimezone(timezone.utc)", ""),
    (DAY, "return posted.seconds > 60", "return posted.total_seconds() > 60", ""),
    (DAY, "return timedelta(minutes=posted)", "return timedelta(seconds=posted)", ""),
    (DAY, "return posted.strftime('%H:%m')", "return posted.strftime('%H:%M')", ""),
    (DAY, "return posted.weekday()", "return posted.isoweekday()", ""),
    (STORE, "await db.execute('UPDATE vote SET choise = ?', (choice,))",
     "await db.execute('UPDATE vote SET choice = ?', (choice,))", "no such column: choise"),
    (STORE, "await db.execute('INSERT INTO vote (user, guild) VALUES (?, ?)', (guild, user))",
     "await db.execute('INSERT INTO vote (guild, user) VALUES (?, ?)', (guild, user))", ""),
    (STORE, "await db.execute('DELETE FROM vote WHERE guild = ? AND user = ?', (user, guild))",
     "await db.execute('DELETE FROM vote WHERE guild = ? AND user = ?', (guild, user))", ""),
    (STORE, "await db.execute('SELECT * FROM vote WHERE user = ?', (user))",
     "await db.execute('SELECT * FROM vote WHERE user = ?', ((user,)))",
     BINDINGS.format(1, 3)),
    (STORE, "await db.execute('SELECT * FROM vote WHERE guild = ? AND user = ?', (guild,))",
     "await db.execute('SELECT * FROM vote WHERE guild = ? AND user = ?', (guild, user))",
     BINDINGS.format(2, 1)),
    (STORE, "await db.execute('INSERT INTO vote VALUES (?, ?)', (guild, user, choice))",
     "await db.execute('INSERT INTO vote VALUES (?, ?, ?)', (guild, user, choice))",
     "table vote has 3 columns but 2 values were supplied; 2 values for 3 columns"),
    (STORE, "await db.execute('SELECT user FROM vote ' 'ORDER BY choice')",
     "await db.execute('SELECT user FROM vote ' 'ORDER BY choice DESC')", ""),
    (STORE, "await db.execute('SELECT MAX(user) FROM vote WHERE choice IS NULL')",
     "await db.execute('SELECT MAX(user) FROM vote WHERE choice IS NOT NULL')", ""),
    (STORE, "await db.execute('SELECT 1 FROM vote WHERE user > $1 AND guild = $1')",
     "await db.execute('SELECT 1 FROM vote WHERE user >= $1 AND guild = $1')", ""),
    (STORE, "await db.execute('INSERT INTO vote (user) VALUES (?)', (user,))",
     "await db.execute('INSERT OR REPLACE INTO vote (user) VALUES (?)', (user,))",
     "UNIQUE constraint failed: vote.user"),
    (STORE, "a = 'SELECT 1 FROM vote WHERE user = ? AND guild = ?'\n"
     "    await db.execute('SELECT 1 FROM vote WHERE user = ?', (user,))",
     "a = 'SELECT 1 FROM vote WHERE user = ? AND guild = ?'\n"
     "    await db.execute('SELECT 1 FROM vote WHERE user = ? AND guild = ?', (user, guild))", ""),
    (STORE, "await db.execute('DELETE FROM vote')",
     "await db.execute('DELETE FROM vote')\n    await db.commit()", ""),
    (FETCH, "await db.response.defer()\n    await db.response.send_message(name)",
     "await db.response.defer()\n    await db.followup.send(name)", TWICE),
    (FETCH, "return db.get_user(name).mention", "return (await db.fetch_user(name)).mention",
     "'NoneType' object has no attribute 'mention'"),
    (FETCH, "return db.embed.add_field(name=name, value=name.text)",
     "return db.embed.add_field(name=name, value=name.text[:1024])",
     "In embeds.0.fields.0.value: Must be 1024 or fewer in length."),
    (FETCH, "await db.response.send_message(name)",
     "await db.response.send_message(name, ephemeral=True)", ""),
    (FETCH, "return db[name.id]", "return db[str(name.id)]", "12345"),
    (FETCH, "return db.get(name.author)", "return db.get(name.author.id)", ""),
    (FETCH, "return str(name.id) in db", "return name.id in db", ""),
    (FETCH, "return db.get_channel(name.channel)", "return db.get_channel(int(name.channel))", ""),
    (FETCH, "return Select(options=name.options)", "return Select(options=name.options[:25])",
     "In data.components.0.components.0.options: Must be between 1 and 25 in length."),
    (FETCH, "for key in name.keys():\n        db.add_field(name=key, value=key)",
     "for key in list(name.keys())[:25]:\n        db.add_field(name=key, value=key)",
     "In embeds.0.fields: Must be 25 or fewer in length."),
    (LISTENER, "return award(points, member)", "return award(member, points)", ""),
    (AGE, "return datetime.utcnow() - member.joined_at",
     "return discord.utils.utcnow() - member.joined_at", MIXED),
]  # fmt: skip


@pytest.mark.parametrize(("head", "faulty", "right", "said"), LINES, ids=[row[2] for row in LINES])
def test_what_bots_break_is_mended_by_one_proposal(
    head: str, faulty: str, right: str, said: str
) -> None:
    text = f"{head}    {faulty}\n"
    lines = range(head.count("\n") + 1, text.count("\n") + 1)
    frames = tuple(TraceFrame("m.py", line) for line in lines)
    crash = Crash("KeyError" if said.isdigit() else "Failed" if said else "", said, frames)

    made = list_proposals(text, crash)

    assert f"{head}    {right}\n" in made
    if said:
        weights = sorted(made.values(), reverse=True)
        assert weights.index(made[f"{head}    {right}\n"]) < 8


def test_a_zone_is_imported_where_the_module_has_none() -> None:
    crash = Crash("TypeError", MIXED, (TraceFrame("m.py", 5),))
    made = list_proposals(f"{DAY}    return posted < datetime.now()\n", crash)

    assert f"{ZONED}    return posted < datetime.now(timezone.utc)\n" in made
    other = "import datetime as dt\n\n\ndef old(posted):\n    return {}\n"
    made = list_proposals(other.format("posted < dt.datetime.utcnow()"))
    assert other.format("posted < dt.datetime.now(dt.timezone.utc)") in made


def test_a_function_that_has_to_wait_becomes_a_coroutine_with_its_await() -> None:
    crash = Crash("Failed", "coroutine 'BotBase.add_cog' was never awaited")
    made = list_proposals("def setup(bot):\n    bot.add_cog(1)\n", crash)

    assert "async def setup(bot):\n    await bot.add_cog(1)\n" in made


def test_what_has_to_be_a_coroutine_becomes_one() -> None:
    text = "@client.event\ndef on_ready():\n    print(1)\n"
    crash = Crash("TypeError", "event registered must be a coroutine function",
                  (TraceFrame("m.py", 1),))  # fmt: skip

    made = list_proposals(text, crash)

    assert made[text.replace("def", "async def")] == max(made.values())


def test_what_creates_tables_tells_their_columns_and_what_was_added() -> None:
    schema = build_schema(
        [
            "CREATE TABLE a (id INTEGER, price DECIMAL(4, 2) DEFAULT (1 + 1), UNIQUE (id, price));"
            'CREATE TABLE IF NOT EXISTS "B" (x -- the first, of two\n, y)',
            "ALTER TABLE a ADD COLUMN late TEXT",
        ]
    )

    assert {table: tuple(columns) for table, columns in schema.items()} == {
        "a": ("id", "price", "late"), "b": ("x", "y")
    }  # fmt: skip
    assert schema["a"]["price"] == "price DECIMAL(4, 2) DEFAULT (1 + 1)"


@pytest.mark.parametrize(
    "text",
    [
        "sql = 'SELECT \\'x\\' FROM a'\n",
        "sql = f'SELECT {x} FROM a'\n",
        'sql = """SELECT a.b, -- ORDER BY\n FROM (("""\n',
        "sql = ('SELECT a' # 'b'\n 'FROM a')\n",
        "sql = 'INSERT INTO'\n",
        "sql = 'é' 'SELECT'\nrun('SELECT é FROM a WHERE é = 1')\n",
        "with a: run('UPDATE', ())\n",
    ],
)
def test_sql_of_any_form_is_edited_where_it_stands_or_not_at_all(text: str) -> None:
    for new in list_proposals(text):
        ast.parse(new)
