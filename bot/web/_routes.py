"""Every route and what it takes. What is not in this table is not served, whoever added it.

    open       anybody who is let in by the Host header; it tells nothing but that the bot lives
    reader     a session of the dashboard, or the token as a bearer; on loopback where no token is
               set: programs of the user it runs as
    session    acting from the dashboard: a session, its form's own token, and the page's origin
    token      the token as a bearer, also on loopback
    signature  the forge's signature over the body

HTTP knows no Discord person. The token is that of whoever has the machine. Nothing ships or is
approved here; what a session can do beside looking is what its owner could do on the machine: stop
everything, and have an older text of the bot's own live.
"""

from typing import Literal, NamedTuple

Needs = Literal["open", "reader", "session", "token", "signature"]

ID = r"{id:[0-9a-z]{1,26}}"
KIND = "{kind:prompt|skill|persona|config|cog}"
NAME = r"{name:[0-9A-Za-z_][0-9A-Za-z_.-]{0,79}}"


class Route(NamedTuple):
    """One route. GET is HEAD as well. `streams` marks one that goes on until its reader leaves."""

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
    Route("POST", "/webhook/github", "signature", "github"),
    Route("POST", "/webhook/reload", "token", "reload"),
    Route("GET", "/static/{name:[0-9a-z.-]{1,60}}", "open", "static"),
    Route("GET", "/login", "open", "login_form"),
    Route("POST", "/login", "open", "login"),
    Route("POST", "/logout", "session", "logout"),
    Route("GET", "/", "reader", "overview"),
    Route("GET", "/runs", "reader", "runs"),
    Route("GET", f"/runs/{ID}", "reader", "run"),
    Route("GET", "/incidents", "reader", "incidents"),
    Route("GET", f"/incidents/{ID}", "reader", "incident"),
    Route("GET", "/budget", "reader", "budget"),
    Route("GET", "/versions", "reader", "versions"),
    Route("GET", f"/versions/{KIND}/{NAME}", "reader", "item"),
    Route("POST", f"/versions/{KIND}/{NAME}", "session", "rollback"),
    Route("POST", f"/versions/{KIND}/{NAME}/rollback", "token", "token_rollback"),
    Route("GET", "/wishes", "reader", "wishes"),
    Route("GET", "/memory", "reader", "memory"),
    Route("GET", "/audit", "reader", "audit"),
    Route("GET", "/state", "reader", "state"),
    Route("GET", "/stop", "reader", "stop_form"),
    Route("POST", "/stop", "session", "stop"),
)
