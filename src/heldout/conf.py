"""Every `HELDOUT_*` setting in one table: name, type, default and help.

A secret may be given as a file instead: `HELDOUT_SECRET_KEY_FILE=/run/secrets/key`. All bad values are
reported at once, each under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from heldout.errors import Problems, did_you_mean

PREFIX = "HELDOUT_"
# Read by the tests and tools of the project, not by the software itself.
OTHER_NAMES = frozenset({"HELDOUT_CASES", "HELDOUT_CHROMIUM", "HELDOUT_TEST_DATABASE"})
# Read by the client, on a participant's own machine.
CLIENT_NAMES = frozenset({"HELDOUT_URL", "HELDOUT_TOKEN"})

BYTE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
BOOLEANS = {"1": True, "true": True, "yes": True, "on": True}
BOOLEANS |= {"0": False, "false": False, "no": False, "off": False}

Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: The environment variable.
        kind: What a value looks like, in words.
        default: The value as it would be written in the environment.
        help: What it does, as one sentence.
        parse: Turns the text into the value; raises `ValueError` with the reason.
        secret: Never shown; also read from the file that `NAME_FILE` names.
    """

    name: str
    kind: str
    default: str
    help: str
    parse: Parse
    secret: bool = False


def text(value: str) -> str:
    """Take any text."""
    return value


def path(value: str) -> Path:
    """Take a path, with `~` for the home folder."""
    return Path(value).expanduser()


def boolean(value: str) -> bool:
    """Read yes or no in the usual spellings."""
    try:
        return BOOLEANS[value.strip().lower()]
    except KeyError:
        raise ValueError("is neither yes nor no") from None


def names(value: str) -> tuple[str, ...]:
    """Read names separated by commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def count(value: str) -> int:
    """Read a whole number of at least one."""
    if not value.strip().isdecimal() or int(value) < 1:
        raise ValueError("is not a whole number of at least 1")
    return int(value)


def size(value: str) -> int:
    """Read a number of bytes, such as `500000` or `250 MB`."""
    number = value.strip().upper()
    unit = next((unit for unit in ("KB", "MB", "GB", "TB", "B") if number.endswith(unit)), "")
    try:
        amount = float(number.removesuffix(unit))
    except ValueError:
        raise ValueError("is not a size such as 250 MB") from None
    if not 1 <= amount * BYTE_UNITS.get(unit, 1) < 2**63:
        raise ValueError("is not a size of at least one byte")
    return int(amount * BYTE_UNITS.get(unit, 1))


def web_address(value: str) -> str:
    """Read `http://` or `https://` and a host, without a path."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError("is not an address such as https://challenges.example.org")
    return value.rstrip("/")


def database_url(value: str) -> str:
    """Read nothing (SQLite in the data folder) or the address of a PostgreSQL database."""
    if value and urlsplit(value).scheme not in {"postgresql", "postgres"}:
        raise ValueError("is not an address such as postgresql://user:password@host:5432/name")
    return value


OAUTH_PROVIDERS = ("github", "gitlab", "google", "microsoft", "orcid")


def oauth(value: str) -> tuple[tuple[str, str, str], ...]:
    """Read `provider:client id:secret` for each provider, separated by commas."""
    found = []
    for number, part in enumerate(names(value), start=1):
        fields = part.split(":", 2)
        if len(fields) < 3 or not all(fields) or fields[0] not in OAUTH_PROVIDERS:
            listed = ", ".join(OAUTH_PROVIDERS)
            raise ValueError(
                f"has no provider:client id:secret at {number}; providers are {listed}"
            )
        found.append((fields[0], fields[1], fields[2]))
    return tuple(found)


def one_of(*choices: str) -> Parse:
    """Make a reader of one word of a few."""

    def choice(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is not one of: {', '.join(choices)}")
        return value

    choice.__doc__ = " | ".join(choices)
    return choice


KINDS: dict[Parse, str] = {
    text: "text",
    path: "path",
    boolean: "yes or no",
    names: "names, separated by commas",
    oauth: "provider:client id:secret, separated by commas",
    count: "whole number",
    size: "size",
    web_address: "address",
    database_url: "address",
}


def setting(default: str, help: str, parse: Parse = text, *, secret: bool = False) -> Any:
    """Describe one field of `Settings`."""
    return field(metadata={"row": (default, help, parse, secret)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of all settings; `HELDOUT_UPLOAD_LIMIT` is `upload_limit`."""

    data: Path = setting("heldout-data", "The site's data folder.", path)
    secret_key: str = setting(
        "",
        "Signs cookies and links; empty: the key in the data folder's file `secret`.",
        secret=True,
    )
    database_url: str = setting(
        "",
        "The PostgreSQL database; empty: SQLite in the data folder.",
        database_url,
        secret=True,
    )
    site_name: str = setting("Heldout", "The site's name, on every page and in every mail.")
    base_url: str = setting(
        "http://127.0.0.1:8000",
        "The site's public address. With https, cookies are sent over https only.",
        web_address,
    )
    allowed_hosts: tuple[str, ...] = setting(
        "", "Further host names the site answers to, besides that of the public address.", names
    )
    behind_proxy: bool = setting(
        "no",
        "Believe the proxy in front about https and the visitor's address (`X-Forwarded-*`).",
        boolean,
    )
    debug: bool = setting(
        "no", "Show errors with their source in the browser. Never on a public site.", boolean
    )
    sign_up: str = setting("open", "Who may make an account.", one_of("open", "closed"))
    oauth: tuple[tuple[str, str, str], ...] = setting(
        "",
        "Services people may sign in with, such as `github:ID:SECRET`; of github, gitlab, google, "
        "microsoft and orcid.",
        oauth,
        secret=True,
    )
    organising: str = setting(
        "chosen",
        "Who may create challenges: people the site's staff have chosen, or everybody signed in.",
        one_of("chosen", "everybody"),
    )
    email_host: str = setting(
        "", "The mail server; empty: mails are written to the data folder's `outbox`."
    )
    email_port: int = setting("587", "The mail server's port.", count)
    email_user: str = setting("", "The user name at the mail server.")
    email_password: str = setting("", "The password at the mail server.", secret=True)
    email_security: str = setting(
        "starttls",
        "How the connection to the mail server is protected.",
        one_of("starttls", "tls", "none"),
    )
    email_from: str = setting("heldout@localhost", "The sender of the site's mails.")
    email_verification: str = setting(
        "none",
        "Whether an e-mail address must be confirmed before its owner can sign in.",
        one_of("none", "optional", "mandatory"),
    )
    upload_limit: int = setting("256 MB", "The largest file a participant may upload.", size)
    pause_after: int = setting(
        "5", "After how many failures in a row the scoring of a phase is paused.", count
    )
    refused_per_day: int = setting(
        "30",
        "How many files of a person a phase may refuse in a day; those that wait are counted too.",
        count,
    )
    refused_days: int = setting(
        "30", "Days after which the file of a refused submission is deleted.", count
    )
    challenge_limit: int = setting(
        "4 GB", "The largest challenge that may be uploaded, as unpacked.", size
    )
    challenge_files: int = setting(
        "500000", "The largest number of files in an uploaded challenge.", count
    )
    publish_from: str = setting(
        "",
        "A folder on the server whose challenge folders organisers may publish from the browser; "
        "empty: none.",
    )
    worker_lease: int = setting(
        "60", "Seconds after which the work of a silent worker is given to another.", count
    )
    attempts: int = setting("3", "How often a job is tried before it is set aside.", count)
    webhook_hosts: tuple[str, ...] = setting(
        "",
        "Hosts (`host` or `host:port`) that webhooks may be sent to although they are on a private "
        "network or speak no https.",
        names,
    )
    web_processes: int = setting(
        "3", "Processes that answer requests; while one is started again the others answer.", count
    )
    web_threads: int = setting("16", "How many requests a web process serves at a time.", count)
    s3_bucket: str = setting(
        "",
        "The bucket of S3-compatible storage that keeps all files; empty: the data folder does.",
    )
    s3_answers_bucket: str = setting(
        "", "A bucket of their own for held-out answers; empty: a prefix in the other one."
    )
    s3_endpoint: str = setting("", "The storage's address; empty: Amazon's.")
    s3_region: str = setting("", "The storage's region.")
    s3_access_key: str = setting(
        "", "The name of the key to the storage; empty: that of the machine.", secret=True
    )
    s3_secret_key: str = setting("", "The key to the storage.", secret=True)
    log_level: str = setting(
        "info", "The least important message that is logged.", one_of("debug", "info", "warning")
    )
    log_format: str = setting(
        "text", "Lines for eyes, or one JSON object a line.", one_of("text", "json")
    )
    otlp_endpoint: str = setting(
        "",
        "Where OpenTelemetry's traces are sent by OTLP over HTTP, such as `http://127.0.0.1:4318`; "
        "empty: nowhere.",
    )
    metrics_token: str = setting(
        "",
        "Who sends this as `Authorization: Bearer …` may read `/metrics`; empty: this machine alone.",
        secret=True,
    )


def _row(name: str, default: str, help: str, parse: Parse, secret: bool) -> Setting:
    kind = KINDS.get(parse) or str(parse.__doc__)
    return Setting(PREFIX + name.upper(), kind, default, help, parse, secret)


SETTINGS: dict[str, Setting] = {
    row.name: row for row in (_row(one.name, *one.metadata["row"]) for one in fields(Settings))
}


def load(environ: Mapping[str, str]) -> Settings:
    """Read all settings.

    Raises:
        BadInput: A value cannot be read, a secret's file cannot be opened, or a name that begins with
            `HELDOUT_` is not a setting.
    """
    problems = Problems()
    values = {row.name: _value(row, environ, problems) for row in SETTINGS.values()}
    for name in sorted(_unknown(environ)):
        problems.add(name, "there is no such setting", did_you_mean(name, SETTINGS))
    problems.refuse_if_any()
    return Settings(**{_attribute(name): cast("Any", value) for name, value in values.items()})


def _attribute(name: str) -> str:
    return name.removeprefix(PREFIX).lower()


def _unknown(environ: Mapping[str, str]) -> set[str]:
    files = {f"{row.name}_FILE" for row in SETTINGS.values() if row.secret}
    given = {name for name in environ if name.startswith(PREFIX)}
    return given - SETTINGS.keys() - files - OTHER_NAMES - CLIENT_NAMES


def _value(row: Setting, environ: Mapping[str, str], problems: Problems) -> object:
    given = _given(row, environ, problems)
    try:
        return row.parse(row.default if given is None else given)
    except ValueError as error:
        shown = "the value" if row.secret else f'"{given}"'
        problems.add(row.name, f"{shown} {error}")
        return None


def _given(row: Setting, environ: Mapping[str, str], problems: Problems) -> str | None:
    file = environ.get(f"{row.name}_FILE") if row.secret else None
    if file is None:
        return environ.get(row.name)
    if row.name in environ:
        problems.add(row.name, "is given twice", f"keep either it or {row.name}_FILE")
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        problems.add(f"{row.name}_FILE", f"{file} cannot be read ({reason})")
        return None
