"""The page of an incident: what it shows, who may decide there, and what attackers would try."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.authority.policy import Act, authorize
from bot.domain.audience import Audience
from bot.domain.evidence import Commit, Suspect
from bot.domain.journal import Capsule, Frame
from bot.domain.people import Person
from bot.domain.target import OWN_TARGET
from bot.domain.triage import Origin
from bot.web import PersonLogins, TargetSources
from tests.bot.web.test_pages import checked
from tests.bot.web.web_server import TOKEN, Answer, HttpClient, Room
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_login_provider import FakeLoginProvider
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.support.agent_harness import ALICE, DORA, MALLORY
from tests.support.monitoring_harness import MonitoringHarness

SECRET = "ghp_" + "a1B2" * 9
EVIL = "<script>alert(1)</script> **x** [a](javascript:alert(1)) <img src=x onerror=alert(1)>"
SOURCE = f'''import random


class Dice:
    """Rolls."""

    def face(self, value: str) -> int:
        return "abcdef"[int(value)]  # </code><script>alert(2)</script>

    key = "{SECRET}"
'''
OTHER = "rolled = 1\n" * 20


class Visit:
    """A dashboard over a bot with one open incident."""

    provider = FakeLoginProvider()

    def __init__(self, world: MonitoringHarness, room: Room, client: HttpClient) -> None:
        self.world = world
        self.room = room
        self.client = client
        self.path = f"/incidents/{world.get_incident().id}"

    async def log_in(self, person: Person) -> None:
        answer = await self.client.log_in_as(self.provider, person.id)
        assert answer.status == 200, answer.text

    async def decide(self, act: str, **fields: str) -> Answer:
        form = fields.pop("form", "") or await self.client.form()
        sent = {"form": form, "act": act, **fields}
        return await self.client.post(self.path, data=sent, headers=self.client.own)

    async def read(self, query: str = "") -> str:
        """Return what a person reads on the page, all of whose elements are ours."""
        answer = await self.client.get(self.path + query)
        assert answer.status == 200, answer.text
        return re.sub(r"\s+", " ", checked(answer.text).read)


def make_failure(audience: Audience | None = Audience.TEAM, **about: str) -> Capsule:
    """Return a failure whose records quote what attackers typed."""
    frames = (
        Frame(file="cogs/dice.py", line=2, function="roll", arguments={"dice": "'2d6'"}),
        Frame(file="dice.py", line=8, function="face", arguments={"value": repr(EVIL)}),
    )
    return Capsule(
        exception="IndexError", message=f"no face {EVIL} {SECRET}", fingerprint="f1f1f1f1f1f1",
        frames=frames, inputs={"dice": repr(f"{EVIL} {SECRET}")}, audience=audience,
    ).replace(**about)  # fmt: skip


@asynccontextmanager
async def open_visit(
    folder: Path, error: Capsule | None = None, failures: int = 5, commit: str = "c" * 40
) -> AsyncIterator[Visit]:
    world, room = MonitoringHarness(folder, autonomy=Autonomy(level=Level.REPORT)), Room()
    checkout = FakeCheckout({"dice.py": SOURCE, "cogs/dice.py": OTHER})
    checkout.history = ["c" * 40]
    blamed = Commit(sha="d" * 40, author=EVIL, at=world.clock.now(), summary=EVIL)
    checkout.found = (Suspect(commit=blamed, reason="last changed dice.py:8", diff="", score=1),)
    members = FakeMemberDirectory((ALICE, DORA, MALLORY))

    async def check_reader(person: Person) -> None:
        if person.id != MALLORY.id:  # who may look, and may not decide
            authorize(world.world.limits.people, person, Act.READ)

    async with world.run_monitoring() as monitoring:
        world.journal_failures(failures, error=error or make_failure(), commit=commit)
        await world.pass_time(10)
        room.without(
            incidents=monitoring, clock=world.clock, journal=world.world.journal,
            sources={OWN_TARGET: TargetSources(world.world.journal, checkout)},
            logins=PersonLogins(Visit.provider, members, check_reader),
        )  # fmt: skip
        async with room.serving(token=TOKEN, discord_secret="x" * 20) as client:
            yield Visit(world, room, client)


async def test_it_shows_where_and_why_it_fails_as_the_commit_was_and_nothing_secret(
    tmp_path: Path,
) -> None:
    async with open_visit(tmp_path) as visit:
        await visit.log_in(DORA)
        page = await visit.read()
        raw = (await visit.client.get(visit.path)).text
    assert SECRET not in raw
    assert "<script>alert" not in raw
    assert "<img" not in raw
    for said in (
        "dice.py:8 in face", "8 ▶", 'return "abcdef"[int(value)] # </code><script>',
        "cogs/dice.py:2 in roll", "'2d6'", "commit cccccccccccc", "ddddddd", "last changed dice.py",
        "All that the journal has of this incident", "nobody looks after it", "People affected1",
    ):  # fmt: skip
        assert said in page, said
    assert page.count("IndexError") >= 6
    assert "/roll 5 of these events" in page
    assert "u1 5 of these events" in page


@pytest.mark.parametrize("is_older", [False, True])
async def test_what_is_not_for_the_team_or_not_known_is_left_out(
    tmp_path: Path, is_older: bool
) -> None:
    error = make_failure(None if is_older else Audience.TEAM)
    async with open_visit(tmp_path, error, commit="e" * 40) as visit:
        await visit.log_in(DORA)
        page = await visit.read()
    assert "dice.py:8 in face" in page
    assert ("no face" in page, "'2d6'" in page) == (not is_older, not is_older)
    assert "is not in the repository any more" in page
    assert "abcdef" not in page


async def test_its_events_are_paged(tmp_path: Path) -> None:
    async with open_visit(tmp_path, failures=45) as visit:
        await visit.log_in(DORA)
        rows = [
            len(re.findall('data-head="Record"', (await visit.client.get(path)).text))
            for path in (visit.path, f"{visit.path}?page=3", f"{visit.path}?page=4")
        ]
        assert rows == [20, 5, 0]
        assert (await visit.client.get(f"{visit.path}?page=99999")).status == 400


async def test_a_person_decides_on_the_page_and_it_is_audited(tmp_path: Path) -> None:
    async with open_visit(tmp_path) as visit:
        await visit.log_in(DORA)
        get = visit.world.get_incident
        assert (await visit.decide("assign", person="me")).status == 303
        assert get().assignee is not None
        assert "looked after by dora" in await visit.read()
        assert (await visit.decide("assign", person=str(ALICE.id))).status == 303
        await visit.world.pass_time(10)
        assert visit.world.chat.messages[-1].post.notify == (ALICE.id,)
        assert (await visit.decide("ignore", until="times:100")).status == 303
        assert "Ignored by dora until it has happened 100 more times" in await visit.read()
        assert (await visit.decide("unignore")).status == 303
        assert (await visit.decide("ignore", until="hours:24")).status == 303
        assert get().muted_until == visit.world.clock.now() + timedelta(days=1)
        assert (await visit.decide("third-party")).status == 303
        assert get().triage.origin is Origin.OUTSIDE
        assert (await visit.decide("rules")).status == 303
        assert (await visit.decide("comment", text=f"{EVIL} {SECRET}")).status == 303
        page = await visit.read()
        assert "<script>alert(1)</script>" in page, "as text: `read` checks all elements"
        assert SECRET not in (await visit.client.get(visit.path)).text
        assert (await visit.decide("assign", person="nobody")).status == 303
        entries = await visit.world.world.store.list_audit_entries()
    about = [each for each in entries if "incident" in each.note]
    assert len(about) == 9
    assert {(each.person, each.allowed, each.action) for each in about} == {(DORA, True, "steer")}
    assert not any("alert" in each.note for each in about)


async def test_nobody_else_decides(tmp_path: Path) -> None:
    """The operator, another session's form, another site, a person without rights, who left."""
    async with open_visit(tmp_path) as visit:
        before, client = visit.world.get_incident(), visit.client
        assert (await client.post(visit.path, data={"act": "close"})).status in (401, 403)
        await visit.log_in(DORA)
        theirs = await client.form()
        await visit.log_in(MALLORY)
        assert (await visit.decide("comment", text="hi", form=theirs)).status == 403
        assert (await visit.decide("comment", text="hi", form="guess")).status == 403
        refused = await visit.decide("assign", person="me")
        assert (refused.status, "Sorry mallory" in refused.text) == (403, True)
        unknown = await client.post(
            "/incidents/zzzzzz", data={"form": await client.form(), "act": "unignore"},
            headers=client.own,
        )  # fmt: skip
        assert unknown.text == refused.text, "nor does anyone learn which incidents exist"
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        sent = {"form": await client.form(), "act": "third-party"}
        assert (await client.post(visit.path, data=sent, headers=foreign)).status == 403
        await client.log_in()
        page = await visit.read()
        assert "operator's session" in page
        operator = await visit.decide("comment", text="hi")
        assert (operator.status, "operator" in operator.text) == (403, True)
        await visit.log_in(DORA)
        form = await client.form()
        assert visit.room.services.logins is not None
        visit.room.services.logins.members.members.clear()  # type: ignore[attr-defined]
        assert (await visit.decide("comment", text="hi", form=form)).status == 403
        assert visit.world.get_incident() == before
        acts = visit.world.monitoring.get_acts(before.id)
        assert await acts.comments.list_comments(before.id) == ()


async def test_what_makes_no_sense_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with open_visit(tmp_path) as visit:
        await visit.log_in(DORA)
        before = visit.world.get_incident()
        for act, fields, status in (
            ("", {}, 400), ("ship", {}, 400), ("ignore", {"until": "hours:9999999"}, 400),
            ("ignore", {"until": "times:-1"}, 400), ("ignore", {}, 400), ("close", {}, 409),
            ("assign", {"person": "0x1"}, 400), ("assign", {"person": "99"}, 400),
            ("assign", {"person": str(MALLORY.id)}, 400), ("comment", {"text": " "}, 400),
            ("comment", {"text": "x" * 1_001}, 400), ("comment", {"text": "x" * 20_000}, 413),
        ):  # fmt: skip
            answer = await visit.decide(act, **fields)
            assert answer.status == status, (act, fields)
            assert len(answer.text) > len("413 Request Entity Too Large: "), (act, fields)
        assert visit.world.get_incident() == before
