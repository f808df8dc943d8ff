"""Settings: the environment and `.env`, read once into one frozen object.

The environment beats `.env`, `.env` beats the default, and a variable that is set to nothing counts as set.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: `model/`, `sql/` and `.env` are found from here, wherever the app is started."""

DEFAULTS = {
    "DB_HOST": "",
    "DB_PORT": "5432",
    "DB_NAME": "digits",
    "DB_USER": "digits",
    "DB_PASSWORD": "",
    "DATA_DIR": "data",
    "PORT": "8501",
    "ADDRESS": "127.0.0.1",
    "BASE_PATH": "",
    "DOMAIN": "localhost",
    "READ_ONLY": "false",
    "ADMIN_PASSWORD": "",
    "API_RATE_LIMIT": "30/second",
    "CORS_ORIGINS": "",
    "TRUSTED_PROXIES": "",
    "FEEDBACK_REVIEW": "auto",
    "LABEL_RATE": "30",
    "RETRAIN_EVERY": "",
    "RETENTION_DAYS": "90",
    "TORCH_THREADS": "1",
    "LOG_LEVEL": "info",
}

SWITCH = ("true", "false")
REVIEWS = ("auto", "all")
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(ValueError):
    """A setting is missing or cannot be used; the message names it and says what it takes."""


@dataclass(frozen=True)
class Settings:
    """What a person who runs the app can set; `.env.example` has a sentence on each. Passwords are not printed."""

    db_host: str
    db_port: int
    db_name: str
    db_user: str
    db_password: str = field(repr=False)
    data_dir: Path
    port: int
    address: str
    base_path: str
    domains: tuple[str, ...]
    read_only: bool
    admin_password: str = field(repr=False)
    api_rate_limit: str
    cors_origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    feedback_review: str
    label_rate: int | None
    retrain_every: int | None
    retention_days: int | None
    torch_threads: int
    log_level: str

    @property
    def embedded(self) -> bool:
        """Whether the app brings its own PostgreSQL, under `data_dir`."""
        return not self.db_host and not self.read_only


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the settings.

    Raises SettingsError, which names the variable, when a value is missing or makes no sense.
    """
    file = {name: value for name, value in dotenv_values(env_file or ROOT / ".env").items() if value is not None}
    values = DEFAULTS | file | dict(os.environ if environ is None else environ)
    read_only = _one_of(values, "READ_ONLY", SWITCH) == "true"
    if values["DB_HOST"] and not read_only and not values["DB_PASSWORD"]:
        raise SettingsError("DB_PASSWORD is empty: set it to the password of DB_USER on the server that DB_HOST names.")
    settings = Settings(
        db_host=values["DB_HOST"],
        db_port=_integer(values, "DB_PORT", 1, 65535),
        db_name=_filled(values, "DB_NAME"),
        db_user=_filled(values, "DB_USER"),
        db_password=values["DB_PASSWORD"],
        data_dir=(ROOT / _filled(values, "DATA_DIR")).resolve(),
        port=_integer(values, "PORT", 1, 65535),
        address=_filled(values, "ADDRESS").strip("[]"),
        base_path=_path(values, "BASE_PATH"),
        domains=_names(values, "DOMAIN"),
        read_only=read_only,
        admin_password=values["ADMIN_PASSWORD"],
        api_rate_limit=_rate(values, "API_RATE_LIMIT"),
        cors_origins=_origins(values, "CORS_ORIGINS"),
        trusted_proxies=_networks(values, "TRUSTED_PROXIES"),
        feedback_review=_one_of(values, "FEEDBACK_REVIEW", REVIEWS),
        label_rate=_optional_integer(values, "LABEL_RATE", 1, 100_000),
        retrain_every=_optional_integer(values, "RETRAIN_EVERY", 1, 1_000_000),
        retention_days=_optional_integer(values, "RETENTION_DAYS", 1, 36_500),
        torch_threads=_integer(values, "TORCH_THREADS", 1, 256),
        log_level=_one_of(values, "LOG_LEVEL", LOG_LEVELS),
    )
    if settings.embedded and " " in str(settings.data_dir):
        raise SettingsError(
            f"DATA_DIR must not contain a space, which the embedded PostgreSQL cannot stand: {settings.data_dir}"
        )
    return settings


def _filled(values: Mapping[str, str], name: str) -> str:
    if not values[name].strip():
        raise SettingsError(f"{name} is empty: give it a value, or remove the line to use {DEFAULTS[name]!r}.")
    return values[name].strip()


def _integer(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    text = values[name].strip()
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {values[name]!r}.")
    return int(text)


def _optional_integer(values: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    """None where the value is empty."""
    return _integer(values, name, low, high) if values[name].strip() else None


def _one_of(values: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = values[name].strip().lower()
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {values[name]!r}.")
    return value


def _rate(values: Mapping[str, str], name: str) -> str:
    """So many calls in so much time, or nothing for as many as come."""
    value = values[name].strip().lower()
    if value and not re.fullmatch(r"[1-9][0-9]{0,5}/(second|minute|hour|day)", value):
        raise SettingsError(
            f"{name} must be a number of calls, a slash, and second, minute, hour or day, such as "
            f"{DEFAULTS[name]}, or empty for no limit, not {values[name]!r}."
        )
    return value


def _path(values: Mapping[str, str], name: str) -> str:
    """A path that begins with a slash and does not end with one; "" for the root."""
    value = values[name].strip().strip("/")
    if value and not re.fullmatch(r"[\w~-][\w.~-]*(/[\w~-][\w.~-]*)*", value, re.ASCII):
        raise SettingsError(
            f"{name} must be a path of letters, digits, hyphens and slashes, such as /digits, or empty, "
            f"not {values[name]!r}."
        )
    return f"/{value}" if value else ""


def _names(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Names of hosts, separated by commas."""
    parts = [part.strip().lower().rstrip(".") for part in values[name].split(",") if part.strip()]
    if wrong := [part for part in parts if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", part)]:
        raise SettingsError(
            f"{name} must be names with commas between them, such as digits.example.org, without scheme, port or "
            f"path, not {wrong[0]!r}."
        )
    return tuple(parts)


def _origins(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Origins in the form in which browsers send them, separated by commas; or * for all."""
    parts = [part.strip().lower().removesuffix("/") for part in values[name].split(",") if part.strip()]
    if parts == ["*"]:
        return ("*",)
    origin = r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?"
    if wrong := [part for part in parts if not re.fullmatch(origin, part)]:
        raise SettingsError(
            f"{name} must be origins with commas between them, such as https://example.com,http://localhost:3000, "
            f"or * for all, not {wrong[0]!r}: a scheme, a host, perhaps a port, and no path."
        )
    # Browsers leave the scheme's own port out.
    return tuple(re.sub(r"^(http:.*):80$|^(https:.*):443$", r"\1\2", part) for part in parts)


def _networks(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas."""
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in values[name].split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"{name} must be addresses or networks with commas between them, such as 127.0.0.1,172.16.0.0/12: {error}."
        ) from error
