"""The settings: one frozen struct, read once from the environment, and the secrets taken out of it afterwards."""

import ctypes
import re
from collections.abc import Mapping, MutableMapping
from ipaddress import ip_network
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from filemill.errors import BadSetting

PREFIX = "FILEMILL_"
_PR_SET_DUMPABLE = 4
DAY = 24 * 3600
GB = 2**30
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
TOKENS_PER_DOWNLOAD = 6
"""So many times as many tokens may be asked for as downloads: one that is not used costs little, but not nothing."""

OPTIONAL_SECRETS = ("DATABASE_OWNER_URL", "DATABASE_ADMIN_URL")
"""Those that `filemill migrate` alone uses, and that may be missing."""

SECRETS = (
    *("DATABASE_URL", "REDIS_URL", "S3_KEY", "S3_SECRET", "S3_SANDBOX_KEY", "S3_SANDBOX_SECRET", "SECRET"),
    *OPTIONAL_SECRETS,
)
"""Settings that hold a secret; no child process finds them in its environment."""

RENAMED = {"CAGE": "SANDBOX", "S3_CAGE_KEY": "S3_SANDBOX_KEY", "S3_CAGE_SECRET": "S3_SANDBOX_SECRET"}
"""Names of version 0.1.0 -> today's. An old name is refused: a setting that nobody reads would change nothing."""


class Limits(msgspec.Struct, frozen=True):
    """What one job of a lane may take: time, memory and disk in MiB. `is_guests`: the time is that of a guest's job.

    `memory_mb` is the limit of each of its processes, and the one that is told. What they hold together, and have on
    disk, is watched from outside: `watched_mb`, and `watched_disk_mb` where no engine of ours counts that itself.
    """

    seconds: int
    memory_mb: int
    disk_mb: int
    watched_mb: int
    watched_disk_mb: int | None = None
    is_guests: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set: `FILEMILL_` and the field's name in capitals. Times in seconds, sizes in bytes."""

    database_url: str
    redis_url: str
    s3_url: str
    s3_key: str
    s3_secret: str
    s3_sandbox_key: str
    s3_sandbox_secret: str
    secret: str
    database_owner_url: str = ""
    database_admin_url: str = ""
    home: str = ""
    s3_public_url: str = ""
    s3_bucket: str = "filemill"
    s3_region: str = "us-east-1"
    clamd: str = ""
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()
    tables_slots: int = 2
    documents_slots: int = 2
    documents_seconds: int = 300
    guest_documents_seconds: int = 120
    documents_memory_mb: int = 1024
    documents_disk_mb: int = 2048
    intake_slots: int = 16
    intake_bytes_per_second: int = 64 * 2**10
    intake_seconds: int = 600
    intake_large_seconds: int = 1800
    reader_seconds: int = 60
    job_memory_mb: int = 1024
    job_disk_mb: int = 20_480
    output_bytes: int = 50 * GB
    job_seconds: int = 3600
    upload_url_seconds: int = 3600
    download_url_seconds: int = 3600
    pending_seconds: int = DAY
    input_seconds: int = 7 * DAY
    output_seconds: int = 30 * DAY
    job_row_seconds: int = 90 * DAY
    idempotency_seconds: int = DAY
    store_away_seconds: int = 1800
    access_seconds: int = 12 * 3600
    guest_seconds: int = DAY
    member_session_seconds: int = 30 * DAY
    cookie_secure: Literal["on", "off"] = "on"
    sessions_per_minute: int = 120
    registrations_per_hour: int = 60
    unused_sessions: int = 50_000
    uploads_per_minute: int = 3
    conversions_per_minute: int = 5
    downloads_per_minute: int = 10
    download_token_seconds: int = 600
    conversion_bytes: int = 100 * 2**20
    guest_open_jobs: int = 200
    guest_stored_bytes: int = 20 * GB
    accel: Literal["on", "off"] = "off"
    open_jobs: int = 1000
    pending_jobs: int = 200
    open_plans: int = 4
    waiters: int = 20
    expression_characters: int = 10_000
    connections: int = 4000
    connections_per_address: int = 100
    stored_bytes: int = 200 * GB
    ended_rows_bytes: int = 64 * 2**20
    bucket_bytes: int = 0
    disk_free_percent: int = 5
    disk_free_bytes: int = 2 * GB
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sandbox: Literal["strict", "weak"] = "strict"

    def slots(self, lane: str) -> int:
        """How many jobs of a lane one worker process takes at once."""
        return int(getattr(self, f"{lane}_slots"))

    def places(self, lane: str) -> int:
        """How many children one worker process of a lane keeps: one for each slot, and one for plans of tables."""
        return self.slots(lane) + (lane == "tables")

    def limits(self, lane: str, *, is_guests: bool = False) -> Limits:
        """What one job of a lane may take; a guest's gets no more time than a guest is given."""
        if lane == "documents":
            memory, disk = self.documents_memory_mb, self.documents_disk_mb
            is_less = is_guests and self.guest_documents_seconds < self.documents_seconds
            seconds = self.guest_documents_seconds if is_less else self.documents_seconds
            return Limits(seconds, memory, disk, watched_mb=memory, watched_disk_mb=disk, is_guests=is_less)
        # A child's own limit does not count all that it holds.
        return Limits(self.job_seconds, self.job_memory_mb, self.job_disk_mb, watched_mb=self.job_memory_mb * 3 // 2)

    def most_of(self, what: str, unit: str) -> int:
        """How many of `what`, a plural, one address may ask for in a `unit`: `minute` or `hour`."""
        if what == "download tokens":
            return self.downloads_per_minute * TOKENS_PER_DOWNLOAD
        return int(getattr(self, f"{what}_per_{unit}"))


def read(environ: Mapping[str, str]) -> Settings:
    """The settings out of an environment. Raises BadSetting with one sentence that names the variable."""
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    values: dict[str, object] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if not text and (name.upper() in RENAMED or (name in known and not known[name].required)):
            continue
        if name.upper() in RENAMED:
            raise BadSetting(f"{variable} is now called {PREFIX}{RENAMED[name.upper()]}; set that name instead.")
        if name not in known:
            raise BadSetting(f"{variable} is not a setting of filemill.")
        values[name] = _value(variable, text, known[name].type)
    missing = [PREFIX + name.upper() for name, field in known.items() if field.required and name not in values]
    if missing:
        raise BadSetting(f"{missing[0]} is not set.")
    settings = Settings(**{"s3_public_url": values.get("s3_url"), **values})  # type: ignore[arg-type]
    _check(settings)
    return settings


def _value(variable: str, text: str, kind: object) -> object:
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        value: object = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        wanted = "a whole number" if kind is int else f"one of {', '.join(getattr(kind, '__args__', ()))}"
        raise BadSetting(f"{variable} must be {wanted}, not {text!r}.") from None
    if kind is int and isinstance(value, int) and value < 1:
        raise BadSetting(f"{variable} must be at least 1, not {value}.")
    return value


def _check(settings: Settings) -> None:
    schemes = {
        **dict.fromkeys(("database_url", "database_owner_url", "database_admin_url"), ("postgresql", "postgres")),
        "redis_url": ("redis", "rediss", "unix"),
        "s3_url": ("http", "https"),
        "s3_public_url": ("http", "https"),
    }
    for name, allowed in schemes.items():
        address = urlsplit(getattr(settings, name))
        if name.upper() in OPTIONAL_SECRETS and not address.geturl():
            continue
        if address.scheme not in allowed or not (address.netloc or address.path):
            raise BadSetting(f"{PREFIX}{name.upper()} must be an address that begins with {allowed[0]}://.")
        if name.startswith("s3") and address.path.strip("/"):
            raise BadSetting(f"{PREFIX}{name.upper()} must be a host without a path.")
    _check_clamd(settings.clamd)
    for proxy in settings.trusted_proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise BadSetting(f"{PREFIX}TRUSTED_PROXIES must list addresses or networks: {error}.") from None
    for host in settings.hosts:
        if host != "*" and not _HOST.fullmatch(host):
            raise BadSetting(
                f"{PREFIX}HOSTS must list names or addresses without a port, or *; an address of IPv6 stands in"
                f" brackets. {host!r} is neither."
            )
    for lane in settings.lanes:
        if not lane.isidentifier() or lane == "intake" or not hasattr(settings, f"{lane}_slots"):
            raise BadSetting(f"{PREFIX}LANES must list lanes such as tables, documents; there is no lane {lane!r}.")
    if len(settings.secret.encode()) < 32:
        raise BadSetting(f"{PREFIX}SECRET must be at least 32 bytes long.")


def _check_clamd(clamd: str) -> None:
    address = urlsplit(clamd)
    try:
        is_tcp = address.scheme == "tcp" and bool(address.hostname and address.port) and not address.path
    except ValueError:  # the port is no number
        is_tcp = False
    is_unix = address.scheme == "unix" and not address.netloc and address.path.startswith("/")
    if clamd and not is_tcp and not is_unix:
        raise BadSetting(f"{PREFIX}CLAMD must be unix:///path/of/its/socket or tcp://host:port, not {clamd!r}.")


def hide() -> None:
    """Keeps this process's environment, memory and descriptors from other processes of its user, but not from root.

    An environment as it was at the start stays readable below `/proc`, whatever is taken out of it. Processes that are
    forked are hidden too; a program that is executed is not.
    """
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def take_secrets_out(environ: MutableMapping[str, str]) -> None:
    """Takes the secrets out of an environment, so that no child process inherits them."""
    for name in SECRETS:
        environ.pop(PREFIX + name, None)
