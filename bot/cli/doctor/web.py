"""Checks the bot's own HTTP server."""

from bot.app.web import build_web_rules
from bot.domain.errors import ConfigError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.settings import Settings


async def look_at_http_server(settings: Settings) -> list[DoctorFinding]:
    """Return where health, webhooks and the dashboard are served, and who has access."""
    rules = build_web_rules(settings)
    if rules is None:
        return [report_good("http", "not served (THESEUS_HTTP_PORT is not set)")]
    try:
        rules.check()
    except ConfigError as error:
        return [report_bad("http", str(error), "See docs/http.md.")]
    where = f"{rules.host}:{rules.port}"
    ways = [("the token", rules.token), ("a login through Discord", rules.discord_secret)]
    with_what = " or ".join(way for way, secret in ways if secret)
    who = f"readable with {with_what}" if rules.token else "readable by the bot's user"
    if rules.discord_secret and not rules.token:
        who += " on this machine" if rules.reading_is_open else ""
        who += ", or with a login through Discord"
    webhook = "webhooks are accepted" if rules.secret else "webhooks are refused: no secret is set"
    findings = [report_good("http", f"{where}, {who}; {webhook}")]
    if not rules.on_loopback:
        findings.append(
            report_note(
                "http",
                f"{where} can be reached by others, and the token is sent unencrypted",
                "Serve on 127.0.0.1, behind a proxy with TLS.",
            )
        )
    return findings
