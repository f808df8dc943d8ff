"""The environment beats .env, .env beats the default, and what makes no sense is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import DEFAULTS, ROOT, SettingsError, load_settings


def test_without_anything_the_defaults_hold(elsewhere: Path) -> None:
    settings = load_settings({}, elsewhere / "no.env")
    assert settings.embedded
    assert settings.data_dir == ROOT / "data"
    assert (settings.port, settings.address, settings.torch_threads) == (8501, "127.0.0.1", 1)


def test_the_environment_beats_the_file_and_the_file_beats_the_default(elsewhere: Path) -> None:
    file = elsewhere / ".env"
    file.write_text("PORT=9001\nTORCH_THREADS=2\n")
    settings = load_settings({"PORT": "9002"}, file)
    assert (settings.port, settings.torch_threads) == (9002, 2)


def test_a_variable_set_to_nothing_counts_as_set(elsewhere: Path) -> None:
    file = elsewhere / ".env"
    file.write_text("DB_HOST=db.example\nDB_PASSWORD=x\n")
    assert not load_settings({}, file).embedded
    assert load_settings({"DB_HOST": ""}, file).embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PORT", ""),
        ("PORT", "²"),
        ("DB_PORT", "-1"),
        ("TORCH_THREADS", "1.5"),
        ("LOG_LEVEL", "loud"),
        ("API_RATE_LIMIT", "30"),
        ("API_RATE_LIMIT", "0/second"),
        ("API_RATE_LIMIT", "30/fortnight"),
        ("API_RATE_LIMIT", "30/second;100/hour"),
        ("TRUSTED_PROXIES", "caddy"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "*"),
        ("ADDRESS", " "),
        ("DATA_DIR", ""),
        ("DATA_DIR", "my data"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(elsewhere: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value}, elsewhere / "no.env")


def test_the_limits_form_is_said(elsewhere: Path) -> None:
    with pytest.raises(SettingsError, match=r"a number of calls, a slash, and second.* such as 30/second"):
        load_settings({"API_RATE_LIMIT": "often"}, elsewhere / "no.env")
    assert load_settings({"API_RATE_LIMIT": " 100/Minute "}, elsewhere / "no.env").api_rate_limit == "100/minute"
    assert load_settings({"API_RATE_LIMIT": ""}, elsewhere / "no.env").api_rate_limit == ""


def test_proxies_are_addresses_and_networks(elsewhere: Path) -> None:
    settings = load_settings({"TRUSTED_PROXIES": "127.0.0.1, 172.16.0.0/12,::1,"}, elsewhere / "no.env")
    assert settings.trusted_proxies == ("127.0.0.1/32", "172.16.0.0/12", "::1/128")


def test_a_missing_password_is_named(elsewhere: Path) -> None:
    with pytest.raises(SettingsError, match="DB_PASSWORD"):
        load_settings({"DB_HOST": "db.example"}, elsewhere / "no.env")


def test_the_example_is_what_the_defaults_say(elsewhere: Path) -> None:
    assert load_settings({}, ROOT / ".env.example") == load_settings({}, elsewhere / "no.env")
    assert all(f"\n{name}=" in (ROOT / ".env.example").read_text() for name in DEFAULTS)
