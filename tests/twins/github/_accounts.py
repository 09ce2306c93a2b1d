"""Who asks: the user, the app and its installation, and how much they may still ask."""

import secrets
from datetime import timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Json, Route
from tests.twins.git_host.faults import Faults
from tests.twins.git_host.records import TOKEN_PERMISSIONS, Grant
from tests.twins.git_host.world import World
from tests.twins.github._shapes import Shapes, format_time

_INSTALLATION = "/app/installations/{installation_id}"
_LONGEST = 600
PERMISSIONS = {**TOKEN_PERMISSIONS, "checks": "read"}
"""What the app has."""


class App:
    """A GitHub App that is installed on the repository. Its key is made when it is first used."""

    def __init__(self) -> None:
        self.id, self.installation, self.slug = 7_001, 8_001, "theseus"
        self.suspended = False
        self._key: rsa.RSAPrivateKey | None = None

    @property
    def key(self) -> rsa.RSAPrivateKey:
        """Its key pair."""
        if self._key is None:
            self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        return self._key

    @property
    def pem(self) -> str:
        """Its private key, as GitHub hands it out."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()


class Accounts:
    """The operations that are about the one who asks."""

    def __init__(self, world: World, shapes: Shapes, faults: Faults, app: App) -> None:
        self._world, self._shapes, self._faults, self._app = world, shapes, faults, app

    def list_routes(self) -> list[Route]:
        """Return them."""
        return [
            Route("GET", "/user", self.get_user),
            Route("GET", "/rate_limit", self.get_rate_limit),
            Route("GET", "/app", self.get_app, by_jwt=True),
            Route("GET", _INSTALLATION, self.get_installation, by_jwt=True),
            Route("POST", f"{_INSTALLATION}/access_tokens", self.create_token, by_jwt=True),
        ]

    def get_user(self, ask: ApiRequest) -> ApiResponse:
        """Return the user of the token; a token of an app has no user."""
        if ask.who.app:
            raise ApiError(403, "Resource not accessible by integration")
        return ApiResponse(self._shapes.render_own_user(ask.who.account))

    def get_rate_limit(self, ask: ApiRequest) -> ApiResponse:
        """Return the rate limits; this request does not count against them."""
        now, rates = self._world.now(), self._faults.rates
        rate = rates["core"].get_state(now)
        resources = {"core": rate, "search": rate, "graphql": rates["graphql"].get_state(now)}
        return ApiResponse({"resources": resources, "rate": rate})

    def get_app(self, ask: ApiRequest) -> ApiResponse:
        """Show the app."""
        self._prove(ask)
        shown = self._shapes.render_app(self._app.id, self._app.slug)
        return ApiResponse({**shown, "permissions": PERMISSIONS})

    def get_installation(self, ask: ApiRequest) -> ApiResponse:
        """Show where the app is installed."""
        self._find(ask)
        at, url = format_time(self._world.founded), f"/app/installations/{self._app.installation}"
        suspended = at if self._app.suspended else None
        return ApiResponse(
            {
                "id": self._app.installation,
                "account": self._shapes.render_user(self._world.owner),
                "access_tokens_url": f"{self._shapes.api}{url}/access_tokens",
                "repositories_url": f"{self._shapes.api}/installation/repositories",
                "html_url": f"{self._shapes.page}/settings/installations/{self._app.installation}",
                "app_id": self._app.id,
                "app_slug": self._app.slug,
                "target_id": self._world.owner.id,
                "target_type": self._world.owner.kind,
                "repository_selection": "selected",
                "permissions": PERMISSIONS,
                "events": [],
                "created_at": at,
                "updated_at": at,
                "single_file_name": None,
                "suspended_by": self._shapes.render_user(self._world.owner) if suspended else None,
                "suspended_at": suspended,
            }
        )

    def create_token(self, ask: ApiRequest) -> ApiResponse:
        """Give out a token that acts for the installation, for an hour."""
        self._find(ask)
        if self._app.suspended:
            raise ApiError(403, "This installation has been suspended")
        wanted = ask.body.get("permissions", PERMISSIONS)
        assert isinstance(wanted, dict)
        token, until = f"ghs_{secrets.token_hex(18)}", self._world.now() + timedelta(hours=1)
        account = self._world.get_account(f"{self._app.slug}[bot]")
        self._world.grants[token] = Grant(account, wanted, app=True, until=until)
        answer: Json = {
            "token": token,
            "expires_at": format_time(until),
            "permissions": wanted,
            "repository_selection": "selected",
        }
        return ApiResponse(answer, 201)

    def _find(self, ask: ApiRequest) -> None:
        self._prove(ask)
        if ask.path["installation_id"] != str(self._app.installation):
            raise ApiError(404, "Not Found")

    def _prove(self, ask: ApiRequest) -> None:
        """Check the JWT: signed by the app's key, for now, and not for long."""
        now = self._world.now().timestamp()
        try:
            claims = jwt.decode(
                ask.credential,
                self._app.key.public_key(),
                algorithms=["RS256"],
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "require": ["exp", "iat", "iss"],
                },
            )
        except jwt.InvalidTokenError:
            raise ApiError(401, "A JSON web token could not be decoded") from None
        if str(claims["iss"]) != str(self._app.id):
            raise ApiError(404, "Integration not found")
        if claims["exp"] <= now:
            raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")  # fmt: skip # noqa: E501
        if claims["exp"] > now + _LONGEST + 60:
            raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
        if claims["iat"] > now + 60:
            raise ApiError(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")  # fmt: skip # noqa: E501
