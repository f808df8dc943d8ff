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
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "for ever"),
        ("TRUSTED_PROXIES", "caddy"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "*"),
        ("ADDRESS", " "),
        ("DATA_DIR", ""),
        ("DATA_DIR", "my data"),
        ("BASE_PATH", "/a b"),
        ("BASE_PATH", "/a/../b"),
        ("BASE_PATH", "/a//b"),
        ("BASE_PATH", "https://example.com/a"),
        ("BASE_PATH", "/é"),
        ("DOMAIN", "https://digits.example.org"),
        ("DOMAIN", "digits.example.org:8501"),
        ("DOMAIN", "digits.example.org/a"),
        ("DOMAIN", "*"),
        ("READ_ONLY", "perhaps"),
        ("READ_ONLY", ""),
        ("CORS_ORIGINS", "example.com"),
        ("CORS_ORIGINS", "https://example.com/page"),
        ("CORS_ORIGINS", "https://*.example.com"),
        ("CORS_ORIGINS", "https://you@example.com"),
        ("CORS_ORIGINS", "https://example.com,*"),
        ("CORS_ORIGINS", "null"),
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


def test_without_a_number_of_days_drawings_are_kept(elsewhere: Path) -> None:
    assert load_settings({}, elsewhere / "no.env").retention_days == 90
    assert load_settings({"RETENTION_DAYS": ""}, elsewhere / "no.env").retention_days is None


def test_proxies_are_addresses_and_networks(elsewhere: Path) -> None:
    settings = load_settings({"TRUSTED_PROXIES": "127.0.0.1, 172.16.0.0/12,::1,"}, elsewhere / "no.env")
    assert settings.trusted_proxies == ("127.0.0.1/32", "172.16.0.0/12", "::1/128")


@pytest.mark.parametrize(
    ("value", "path"), [("", ""), ("/", ""), ("digits", "/digits"), (" /a/b.c_d~e-f/ ", "/a/b.c_d~e-f")]
)
def test_a_base_path_begins_with_a_slash_and_ends_without(elsewhere: Path, value: str, path: str) -> None:
    assert load_settings({"BASE_PATH": value}, elsewhere / "no.env").base_path == path


@pytest.mark.parametrize(
    ("value", "names"),
    [("", ()), ("Digits.Example.Org.", ("digits.example.org",)), ("a.b, c_d.e-f ,", ("a.b", "c_d.e-f"))],
)
def test_domains_are_names(elsewhere: Path, value: str, names: tuple[str, ...]) -> None:
    assert load_settings({"DOMAIN": value}, elsewhere / "no.env").domains == names


def test_origins_are_as_browsers_send_them(elsewhere: Path) -> None:
    value = "https://Example.com/, http://localhost:3000,http://[::1]:80,https://a.b:443,http://a.b:443,"
    settings = load_settings({"CORS_ORIGINS": value}, elsewhere / "no.env")
    expected = ("https://example.com", "http://localhost:3000", "http://[::1]", "https://a.b", "http://a.b:443")
    assert settings.cors_origins == expected
    assert load_settings({"CORS_ORIGINS": "*"}, elsewhere / "no.env").cors_origins == ("*",)
    assert load_settings({}, elsewhere / "no.env").cors_origins == ()


def test_who_keeps_nothing_needs_neither_a_password_nor_a_folder_without_spaces(elsewhere: Path) -> None:
    environ = {"READ_ONLY": "True", "DB_HOST": "db.example", "DATA_DIR": "my data"}
    settings = load_settings(environ, elsewhere / "no.env")
    assert settings.read_only
    assert not settings.embedded


def test_an_address_may_stand_in_brackets(elsewhere: Path) -> None:
    assert load_settings({"ADDRESS": "[::1]"}, elsewhere / "no.env").address == "::1"


def test_a_missing_password_is_named(elsewhere: Path) -> None:
    with pytest.raises(SettingsError, match="DB_PASSWORD"):
        load_settings({"DB_HOST": "db.example"}, elsewhere / "no.env")


def test_the_example_is_what_the_defaults_say(elsewhere: Path) -> None:
    assert load_settings({}, ROOT / ".env.example") == load_settings({}, elsewhere / "no.env")
    assert all(f"\n{name}=" in (ROOT / ".env.example").read_text() for name in DEFAULTS)
