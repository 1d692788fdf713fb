"""`config show`: every setting that petmsg reads, and where it came from."""

from collections.abc import Mapping

from petmsg import settings
from petmsg.cli.context import Context
from petmsg.db.location import locate
from petmsg.errors import CredentialsMissing, PetmsgError
from petmsg.providers.credentials import (
    load_twilio_credentials,
    where_credentials_come_from,
    where_stripe_secrets_come_from,
)
from petmsg.providers.stored_accounts import stored_account_names
from petmsg.settings import Setting


def settings_of(context: Context) -> list[Setting]:
    """The settings of this command. Secrets are hidden."""
    environ = context.environ
    database = context.setting("database")
    file = settings.credentials_file(environ)
    credentials = where_credentials_come_from(environ, file)
    stripe = where_stripe_secrets_come_from(environ, file)
    public_url = _picked("public url", settings.PUBLIC_URL, None, environ)
    api_url = _picked("twilio api url", settings.TWILIO_API_URL, None, environ)
    ping = _picked("ping url", settings.PING_URL, None, environ)
    return [
        Setting("database", _shown(context), database.source),
        _address(context, "direct database", settings.DIRECT_DATABASE),
        _address(context, "read database", settings.READ_DATABASE),
        context.setting("org"),
        context.setting("output"),
        context.setting("actor"),
        Setting("twilio credentials", _kinds(environ, None), credentials),
        *_named_accounts(context),
        Setting(api_url.name, _without_user(api_url.value), api_url.source),
        _picked(
            "twilio timeout seconds",
            settings.TWILIO_TIMEOUT,
            settings.USUAL_TWILIO_TIMEOUT,
            environ,
        ),
        Setting(public_url.name, _without_user(public_url.value), public_url.source),
        _media_setting(context),
        Setting("stripe secrets", None if stripe == "not set" else "hidden", stripe),
        settings.notify_file(environ),
        _picked("log format", settings.LOG_FORMAT, "text", environ),
        _picked("log level", settings.LOG_LEVEL, "info", environ),
        Setting("ping url", "hidden" if environ.get(settings.PING_URL) else None, ping.source),
    ]


def _picked(name: str, variable: str, default: str | None, environ: Mapping[str, str]) -> Setting:
    return settings.pick(name, None, variable, default, flag="", environ=environ)


def _named_accounts(context: Context) -> list[Setting]:
    """The accounts with a name that have credentials."""
    environ = context.environ
    file = settings.credentials_file(environ)
    return [
        Setting(
            f"twilio credentials {name}",
            _kinds(environ, name),
            where_credentials_come_from(environ, file, name),
        )
        for name in stored_account_names(environ, file)
        if name is not None
    ]


def _kinds(environ: Mapping[str, str], account: str | None) -> str | None:
    """What the account's credentials are, without any value; None if there are none."""
    file = settings.credentials_file(environ)
    if where_credentials_come_from(environ, file, account) == "not set":
        return None
    try:
        found = load_twilio_credentials(environ, file, account)
    except CredentialsMissing as problem:
        return f"hidden: not usable. {problem.message}"
    kinds = ["API key"] if found.api_key else []
    if found.tokens:
        kinds.append("auth token" if len(found.tokens) == 1 else f"{len(found.tokens)} auth tokens")
    return f"hidden: {' and '.join(kinds)}"


def _shown(context: Context) -> str:
    try:
        return context.location.display_url
    except PetmsgError:
        return "(cannot be read)"


def _address(context: Context, name: str, variable: str) -> Setting:
    """Another address of the database, without its password."""
    setting = settings.pick(name, None, variable, None, flag="", environ=context.own_environ)
    if setting.value is None:
        return setting
    try:
        return setting._replace(value=locate(setting.value).display_url)
    except PetmsgError:
        return setting._replace(value="(cannot be read)")


def _media_setting(context: Context) -> Setting:
    try:
        place = context.media_setting
    except PetmsgError:
        return Setting("media dir", "(cannot be read)", "default")
    is_url = "://" in (place.value or "")
    return Setting(place.name, _without_user(place.value) if is_url else place.value, place.source)


def _without_user(url: str | None) -> str | None:
    """An address that carries a user or password is refused when it is used; here it is hidden."""
    return "hidden: it holds a user or password" if url and "@" in url else url
