"""The table of all routes and what each requires. A route that is not in this table is not served.

    open       anyone with a valid Host header; reveals only that the bot is alive
    reader     a session of the dashboard, or the token as a bearer; if no token is set: programs
               on this machine that run as the bot's user
    session    acting from the dashboard: a session, its form token, and the page's origin
    token      the token as a bearer, also on loopback
    signature  the forge's signature over the body
    target     the token of the bot that the path names; it can only send its journal

A session belongs to a person who logged in through Discord, or to the operator of the machine, who
has the token. Whatever a person does here is authorised as in chat, with the roles they have at
that moment: also approving and rejecting, which is bound to the commit and the card of the page.
The operator is no person of the chat: besides reading, that session can only do what the operator
could do on the machine anyway: stop everything, and make an older text of the bot live.
"""

from typing import Literal, NamedTuple

Needs = Literal["open", "reader", "session", "token", "signature", "target"]

ID = r"{id:[0-9a-z]{1,26}}"
NUMBER = r"{number:[0-9]{1,3}}"
KIND = "{kind:prompt|skill|persona|config|cog}"
FORGE = "{forge:[a-z]{1,20}}"
TARGET = "{target:[0-9a-z][0-9a-z_-]{0,39}}"
NAME = r"{name:[0-9A-Za-z_][0-9A-Za-z_.-]{0,79}}"


class Route(NamedTuple):
    """One route. GET also serves HEAD. `streams` marks a route that lasts until its reader
    leaves.
    """

    method: Literal["GET", "POST"]
    path: str
    needs: Needs
    name: str
    streams: bool = False


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", "open", "health"),
    Route("GET", "/health/ready", "open", "ready"),
    Route("GET", "/health/info", "reader", "info"),
    Route("GET", "/metrics", "reader", "metrics"),
    Route("GET", "/events", "reader", "events", streams=True),
    Route("POST", "/webhook/reload", "token", "reload"),
    Route("POST", f"/webhook/{FORGE}", "signature", "webhook"),
    Route("POST", f"/observe/{TARGET}", "target", "observe"),
    Route("GET", "/static/{name:[0-9a-z.-]{1,60}}", "open", "static"),
    Route("GET", "/login", "open", "login_form"),
    Route("POST", "/login", "open", "login"),
    Route("GET", "/login/discord", "open", "ask_discord"),
    Route("GET", "/login/discord/return", "open", "return_from_discord"),
    Route("POST", "/logout", "session", "logout"),
    Route("GET", "/sessions", "reader", "sessions"),
    Route("POST", "/sessions", "session", "end_sessions"),
    Route("GET", "/", "reader", "overview"),
    Route("GET", "/runs", "reader", "runs"),
    Route("GET", f"/runs/{ID}", "reader", "run"),
    Route("GET", f"/runs/{ID}/transcript", "reader", "transcript"),
    Route("GET", f"/runs/{ID}/checks/{NUMBER}", "reader", "check"),
    Route("POST", f"/runs/{ID}/checks", "session", "rerun"),
    Route("GET", f"/runs/{ID}/proposal", "reader", "proposal"),
    Route("POST", f"/runs/{ID}/proposal", "session", "review"),
    Route("GET", "/incidents", "reader", "incidents"),
    Route("GET", f"/incidents/{ID}", "reader", "incident"),
    Route("POST", f"/incidents/{ID}", "session", "incident_act"),
    Route("GET", "/budget", "reader", "budget"),
    Route("GET", "/versions", "reader", "versions"),
    Route("GET", f"/versions/{KIND}/{NAME}", "reader", "item"),
    Route("POST", f"/versions/{KIND}/{NAME}", "session", "rollback"),
    Route("POST", f"/versions/{KIND}/{NAME}/rollback", "token", "token_rollback"),
    Route("GET", "/wishes", "reader", "wishes"),
    Route("GET", "/memory", "reader", "memory"),
    Route("GET", "/growth", "reader", "growth"),
    Route("GET", "/audit", "reader", "audit"),
    Route("GET", "/export/{what:runs|incidents|audit|memory}", "reader", "list_export"),
    Route("GET", "/search", "reader", "search"),
    Route("POST", "/searches", "session", "searches"),
    Route("GET", "/journal", "reader", "journal"),
    Route("GET", "/journal/export", "reader", "journal_export", streams=True),
    Route("GET", f"/journal/{ID}", "reader", "journal_record"),
    Route("GET", "/state", "reader", "state"),
    Route("GET", "/stop", "reader", "stop_form"),
    Route("POST", "/stop", "session", "stop"),
)
