"""Redacts secrets by their own shape: keys with a vendor's prefix, tokens, webhooks."""

import re

from theseus_observe.redaction._secret_shapes import Shape, mark

_START = r"(?<![A-Za-z0-9])"


def _build_shape(kind: str, sign: str, pattern: str, *more: str) -> Shape:
    return Shape((sign, *more), re.compile(_START + pattern), mark(kind))


VENDOR_KEYS: tuple[Shape, ...] = (
    _build_shape("anthropic_key", "sk-ant-", r"sk-ant-[\w-]{16,512}"),
    _build_shape(
        "openai_key", "sk-", r"sk-(?:proj-|svcacct-|admin-|None-)?(?=[\w-]{0,64}\d)[\w-]{20,512}"
    ),
    _build_shape("github_token", "gh", r"gh[pousr]_[A-Za-z0-9_]{20,512}"),
    _build_shape("github_token", "github_pat_", r"github_pat_\w{20,512}"),
    _build_shape("gitlab_token", "gl", r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|oas)-[\w.-]{16,512}"),
    _build_shape("slack_token", "xox", r"xox[abceoprs][.-][\w.%-]{10,512}"),
    _build_shape("slack_token", "xapp-", r"xapp-[\w-]{10,512}"),
    _build_shape("stripe_key", "k_", r"[srp]k_(?:live|test|prod)_[A-Za-z0-9]{10,512}"),
    _build_shape("stripe_key", "whsec_", r"whsec_[A-Za-z0-9+/=]{16,512}"),
    _build_shape("aws_key", "a", r"(?:AKIA|ASIA|ABIA|ACCA|AROA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _build_shape("google_key", "aiza", r"AIza[\w-]{30,128}"),
    _build_shape("google_key", "ya29.", r"ya29\.[\w-]{20,2048}"),
    _build_shape("google_key", "gocspx-", r"GOCSPX-[\w-]{20,128}"),
    _build_shape("google_key", "1//0", r"1//0[\w-]{30,256}"),
    _build_shape("npm_token", "npm_", r"npm_[A-Za-z0-9]{30,128}"),
    _build_shape("pypi_token", "pypi-", r"pypi-[\w-]{32,1024}"),
    _build_shape("telegram_token", ":aa", r"\d{6,12}:AA[\w-]{30,64}"),
    _build_shape("twilio_key", "sk", r"SK[0-9a-f]{32}(?![0-9A-Za-z])"),
    _build_shape("twilio_key", "ac", r"AC[0-9a-f]{32}(?![0-9A-Za-z])"),
    _build_shape("sendgrid_key", "sg.", r"SG\.[\w-]{16,64}\.[\w-]{16,128}"),
    _build_shape("huggingface_token", "hf_", r"(?:hf|api_org)_[A-Za-z]{4}[A-Za-z0-9]{16,128}"),
    _build_shape("docker_token", "dckr_", r"dckr_[a-z]{3}_[\w-]{16,128}"),
    _build_shape("digitalocean_token", "do", r"do[opr]_v1_[a-f0-9]{32,128}"),
    _build_shape("vault_token", "hv", r"hv[sbr]\.[\w-]{20,512}"),
    _build_shape("grafana_token", "glsa_", r"glsa_\w{20,128}"),
    _build_shape("shopify_token", "shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,64}"),
    _build_shape("mailgun_key", "key-", r"key-[0-9a-f]{32}(?![0-9a-z])"),
    _build_shape("databricks_token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?(?![0-9a-z])"),
    _build_shape("linear_key", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{20,128}"),
    _build_shape("new_relic_key", "nrak-", r"NRAK-[A-Z0-9]{20,64}"),
    _build_shape("jwt", "eyj", r"eyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]{0,4096}){0,3}"),
    _build_shape("discord_token", "mfa.", r"mfa\.[\w-]{60,128}"),
    _build_shape(
        "discord_token", ".", r"(?<![\w-])[MNO][\w-]{22,28}\.[\w-]{6,7}\.[\w-]{25,64}(?![\w.-])"
    ),
    _build_shape("square_token", "sq0", r"sq0[a-z]{3}-[\w-]{22,64}"),
    _build_shape("meta_token", "eaa", r"EAA[A-Za-z0-9_-]{40,512}"),
    _build_shape(
        "paypal_token", "access_token$", r"access_token\$(?:production|sandbox)\$[\w$]{20,128}"
    ),
    _build_shape("heroku_key", "hrku-", r"HRKU-[\w-]{20,128}"),
    _build_shape("cloudflare_key", "v1.0-", r"v1\.0-[0-9a-f]{16,64}-[0-9a-f]{64,256}"),
    _build_shape("sentry_token", "sntr", r"sntr(?:ys|yu)_[\w+/=.-]{20,512}"),
    _build_shape("age_key", "age-secret-key-", r"AGE-SECRET-KEY-1[02-9A-Z]{40,80}", "age%2dsecret"),
    _build_shape("azure_secret", "q~", r"[\w.~-]{3}\dQ~[\w.~-]{31,37}"),
    _build_shape("azure_devops_token", "azdo", r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    _build_shape("airtable_token", "pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    _build_shape("notion_token", "ntn_", r"ntn_[A-Za-z0-9]{30,64}"),
    _build_shape("figma_token", "fig", r"fig[dou]_[\w-]{30,128}"),
    _build_shape("postman_key", "pmak-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    _build_shape("atlassian_token", "at", r"AT(?:ATT|CTT|BB)[\w=-]{24,512}"),
    _build_shape("supabase_key", "sb", r"(?:sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,64})"),
    _build_shape("planetscale_token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.-]{30,128}"),
    _build_shape("fly_token", "f", r"(?:fm[12][ar]?|fo1)_[A-Za-z0-9+/=_-]{40,2048}"),
    _build_shape("replicate_token", "r8_", r"r8_[A-Za-z0-9]{30,64}"),
    _build_shape("groq_key", "gsk_", r"gsk_[A-Za-z0-9]{40,64}"),
    _build_shape("perplexity_key", "pplx-", r"pplx-[A-Za-z0-9]{40,64}"),
    _build_shape("xai_key", "xai-", r"xai-[A-Za-z0-9]{60,128}"),
    _build_shape("pulumi_token", "pul-", r"pul-[0-9a-f]{40}"),
    _build_shape("doppler_token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{30,128}"),
    _build_shape("terraform_token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{50,128}"),
    _build_shape("rubygems_key", "rubygems_", r"rubygems_[0-9a-f]{40,64}"),
    _build_shape("circleci_token", "cci", r"CCI(?:PAT|PRJ)_[\w-]{30,128}"),
    _build_shape("buildkite_token", "bk", r"bk[ua]a?_[0-9a-f]{32,64}"),
    _build_shape("sonar_token", "sq", r"sq[apu]_[0-9a-f]{40}"),
    _build_shape("mapbox_token", "sk.ey", r"sk\.eyJ[\w-]{20,256}\.[\w-]{16,64}"),
    _build_shape("teams_webhook", "webhookb2", r"webhook\.office\.com/webhookb2/[\w@/.-]{40,400}"),
    _build_shape(
        "zapier_webhook", "hooks.zapier", r"hooks\.zapier\.com/hooks/catch/\w{4,20}/\w{4,20}"
    ),
    _build_shape("aws_key", "bedrock", r"(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{40,512}"),
)
