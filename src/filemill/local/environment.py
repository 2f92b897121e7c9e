"""The settings of a stack's parts: those that the stack makes itself, and those that whoever starts it may give."""

from collections.abc import Mapping

from filemill import settings
from filemill.errors import BadSetting
from filemill.settings import PREFIX

_OWN = (
    *("HOME", "DATABASE_URL", "REDIS_URL", "S3_URL", "S3_PUBLIC_URL", "S3_BUCKET", "S3_REGION", "LANES"),
    *settings.SECRETS,
)
"""The settings a local stack makes itself."""

_OF_ONE_PERSON = {
    **{f"{PREFIX}{what}_PER_MINUTE": "600" for what in ("UPLOADS", "CONVERSIONS", "DOWNLOADS")},
    f"{PREFIX}REGISTRATIONS_PER_HOUR": "600",
    f"{PREFIX}HOSTS": "localhost,127.0.0.1,[::1]",
}
"""A stack listens on loopback: whoever comes is the person at this machine, whom limits for strangers only hinder."""


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of an environment, and those that a stack has where the environment is silent."""
    # An empty variable is one that is not set.
    return _OF_ONE_PERSON | {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}


def check(environ: Mapping[str, str]) -> None:
    """Raises BadSetting, naming the variable, for one that a local stack makes itself or that is no setting."""
    for name in _OWN:
        if PREFIX + name in environ and name != "HOME":
            raise BadSetting(f"{PREFIX}{name} cannot be set here: filemill serve starts its own servers.")
    stand_in = {PREFIX + name: "x" * 32 for name in settings.SECRETS if name not in settings.OPTIONAL_SECRETS}
    addresses = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "S3_URL": "http://x"}
    settings.read({**environ, **stand_in, **{PREFIX + name: url for name, url in addresses.items()}})


def origins(given: Mapping[str, str]) -> tuple[str, ...]:
    """The web origins whose pages may call the service."""
    listed = given.get(f"{PREFIX}CORS_ORIGINS", "")
    return tuple(part.strip() for part in listed.split(",") if part.strip())
