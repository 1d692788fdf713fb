"""The optional file with settings: `config.toml` in the user's folder of settings, or the one that
`PETMSG_CONFIG` names. It holds no secrets, and the environment and options go before it.

Standard library only, and loaded only where there is such a file.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from petmsg import settings
from petmsg.errors import Misconfigured, quoted
from petmsg.suggestions import closest_words, did_you_mean

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "database": settings.DATABASE,
        "direct_database": settings.DIRECT_DATABASE,
        "read_database": settings.READ_DATABASE,
        "org_urls": settings.ORG_URLS,
        "org": settings.ORG,
        "output": settings.OUTPUT,
        "actor": settings.ACTOR,
        "public_url": settings.PUBLIC_URL,
        "media_dir": settings.MEDIA_DIR,
        "notify_file": settings.NOTIFY_FILE,
        "twilio_credentials": settings.TWILIO_CREDENTIALS,
        "twilio_timeout_seconds": settings.TWILIO_TIMEOUT,
        "log_format": settings.LOG_FORMAT,
        "log_level": settings.LOG_LEVEL,
    }
)
"""What the file may set, and the environment variable that goes before it."""
_SECRET_WORDS = ("token", "secret", "password", "sid", "api_key", "ping")


class ConfigFileProblem(Misconfigured):
    """The file of settings cannot be used."""

    code = "config_file"


class Configured(dict[str, str]):
    """The environment with what the file adds to it; `sources` says so of its variables."""

    def __init__(self, environ: Mapping[str, str], added: Mapping[str, str], path: Path) -> None:
        super().__init__(environ)
        self.update(added)
        self.sources = dict.fromkeys(added, f"file {path}")


def with_config_file(environ: Mapping[str, str], path: Path) -> Mapping[str, str]:
    """The environment's variables, and those of the file that it leaves open.

    Raises `ConfigFileProblem` for a file that cannot be read, an unknown key or a secret.
    """
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise ConfigFileProblem(
            f"The file of settings {path} cannot be read: {why}.",
            hint="Correct it, or move it away. See: petmsg help config show",
        ) from None
    added = {KEYS[_known(key, path)]: _value(key, value, path) for key, value in found.items()}
    return Configured(environ, {k: v for k, v in added.items() if v and not environ.get(k)}, path)


def _known(key: str, path: Path) -> str:
    if key in KEYS:
        return key
    if any(word in key.lower() for word in _SECRET_WORDS):
        raise ConfigFileProblem(
            f"{path} has the key {quoted(key)}: secrets do not belong into it.",
            hint="Keep them in the environment or in the file of credentials.",
        )
    meant = did_you_mean(closest_words(key, KEYS))
    raise ConfigFileProblem(
        f"{path} has the unknown key {quoted(key)}.",
        hint=f"{meant} One of {', '.join(KEYS)}.".lstrip(),
    )


def _value(key: str, value: object, path: Path) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ConfigFileProblem(
            f"The value of {quoted(key)} in {path} must be a word in quotes or a number.",
            hint=f'Write it in quotes: {key} = "…"',
        )
    text = str(value)
    if "\0" in text:
        raise ConfigFileProblem(f"The value of {quoted(key)} in {path} has a null byte.")
    if "password=" in text.lower() or any(map(_has_password, (text, *text.split()))):
        raise ConfigFileProblem(
            f"The value of {quoted(key)} in {path} holds a password.",
            hint="Keep passwords in the environment, in ~/.pgpass or in a service file.",
        )
    return text


def _has_password(url: str) -> bool:
    return ":" in url.partition("://")[2].partition("/")[0].rpartition("@")[0]
