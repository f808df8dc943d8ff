"""The administrators' sessions: one password, few attempts, a fresh cookie at each sign-in, and an end."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from limits import RateLimitItemPerSecond

from gateway.admins import ADMIN, MAX_AGE, MAX_IDLE, TICKET_AGE, Admins, SignInRefused
from settings import load_settings
from support.clock import RIGHT, Clock

HERE = "192.0.2.1"
FORGED = f"{'a' * 43}.{'b' * 43}"


def sign_in(admins: Admins, client: str = HERE, cookie: str = "") -> str:
    """The cookie of a new session."""
    made = admins.redeem(admins.sign_in(RIGHT, client, cookie))
    assert made is not None
    return made


def refusal(admins: Admins, password: str, client: str = HERE, cookie: str = "") -> str:
    with pytest.raises(SignInRefused) as refused:
        admins.sign_in(password, client, cookie)
    return str(refused.value)


def test_the_password_gives_a_cookie_that_is_new_each_time_and_nothing_else_admits() -> None:
    admins = Admins(RIGHT)
    alice, bob = sign_in(admins), sign_in(admins, cookie=FORGED)
    assert len({alice, bob, FORGED}) == 3
    assert all(map(ADMIN.form.fullmatch, (alice, bob)))
    assert admins.admits(alice)
    assert admins.admits(bob)
    assert not admins.admits(FORGED), "what was in the browser before the sign-in never becomes a session"
    assert not admins.admits("")
    assert not admins.admits("\ud800")
    admins.sign_out(alice)
    assert not admins.admits(alice)
    assert admins.admits(bob)
    assert sign_in(admins, cookie=alice) != alice


def test_a_ticket_is_good_once_and_for_a_minute() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    ticket = admins.sign_in(RIGHT, HERE)
    assert admins.redeem("x" * 43) is None
    assert admins.redeem("") is None
    assert admins.redeem(ticket)
    assert admins.redeem(ticket) is None
    late = admins.sign_in(RIGHT, HERE)
    clock.now += TICKET_AGE
    assert admins.redeem(late) is None


@pytest.mark.parametrize("wrong", ["", "gruner Elefant 7", RIGHT + " ", RIGHT.upper(), "\ud800", "x" * 100_000])
def test_any_other_password_is_wrong(wrong: str) -> None:
    assert refusal(Admins(RIGHT), wrong) == "This password is wrong."


def test_without_a_password_nobody_is_admitted_by_an_empty_one() -> None:
    admins = Admins("")
    assert admins.closed
    assert "No password is set" in refusal(admins, "")


def test_after_five_wrong_passwords_the_right_one_must_wait_too_but_only_for_that_client() -> None:
    admins = Admins(RIGHT)
    for _ in range(5):
        assert refusal(admins, "guess") == "This password is wrong."
    assert refusal(admins, "guess") == "There were too many wrong passwords: try again in 15 minutes."
    assert "too many" in refusal(admins, RIGHT)
    assert sign_in(admins, "192.0.2.2")


def test_the_networks_of_one_household_are_one_client() -> None:
    admins = Admins(RIGHT)
    said = [refusal(admins, "guess", f"2001:db8:0:{n:x}::/64") for n in range(9)]
    assert said.count("This password is wrong.") == 5
    assert sign_in(admins, "2001:db8:0:100::/64")


def test_many_clients_together_have_few_attempts_and_cannot_lock_out_who_was_here_before() -> None:
    """A thousand addresses with a guess each, and then the administrator."""
    admins = Admins(RIGHT)
    known = sign_in(admins)
    admins.sign_out(known)
    said = [refusal(admins, "guess", f"203.0.{n // 250}.{n % 250}") for n in range(1000)]
    assert said.count("This password is wrong.") == 20
    assert "or use a browser in which you have signed in before" in refusal(admins, RIGHT, "198.51.100.1")
    assert "too many" in refusal(admins, RIGHT, "198.51.100.1", FORGED), (
        "a forged cookie is no sign of having been here"
    )
    assert sign_in(admins, "127.0.0.1"), "who sits at the server can sign in"
    assert sign_in(admins, "198.51.100.1", known)
    assert sign_in(Admins(RIGHT), HERE, known), "also after a restart"


def test_a_browser_that_was_here_before_has_no_more_attempts_than_others() -> None:
    admins = Admins(RIGHT)
    known = sign_in(admins)
    said = [refusal(admins, "guess", f"203.0.113.{n}", known) for n in range(20)]
    assert said.count("This password is wrong.") == 5


def test_another_password_makes_a_stranger_of_every_browser() -> None:
    known = sign_in(Admins(RIGHT))
    other = Admins("another")
    said = [refusal(other, "guess", f"203.0.113.{n}", known) for n in range(30)]
    assert said.count("This password is wrong.") == 20


def test_right_passwords_do_not_count() -> None:
    admins = Admins(RIGHT)
    for _ in range(20):
        admins.sign_in(RIGHT, HERE)
    for _ in range(5):
        assert refusal(admins, "guess") == "This password is wrong."


def test_later_there_are_attempts_again() -> None:
    admins = Admins(RIGHT, RateLimitItemPerSecond(2, 1))
    for _ in range(2):
        refusal(admins, "guess")
    assert refusal(admins, RIGHT) == "There were too many wrong passwords: try again in a minute."
    time.sleep(1.1)
    admins.sign_in(RIGHT, HERE)


def test_many_at_once_have_no_more_attempts_than_one() -> None:
    admins = Admins(RIGHT)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: refusal(admins, f"guess {n}"), range(100)))
    assert said.count("This password is wrong.") == 5


def test_a_session_ends_without_use_and_use_keeps_it() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    cookie = sign_in(admins)
    for _ in range(3):
        clock.now += MAX_IDLE - 1
        assert admins.admits(cookie)
    clock.now += MAX_IDLE
    assert not admins.admits(cookie)
    clock.now -= MAX_IDLE
    assert not admins.admits(cookie), "an ended session stays ended"


def test_a_page_that_refreshes_by_itself_does_not_keep_a_session() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    cookie = sign_in(admins)
    for _ in range(4):
        assert admins.admits(cookie, used=False)
        clock.now += MAX_IDLE / 4
    assert not admins.admits(cookie, used=False)


def test_a_session_ends_eight_hours_after_the_sign_in_however_much_it_is_used() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    cookie = sign_in(admins)
    while clock.now < 1000 + MAX_AGE - 60:
        assert admins.admits(cookie)
        clock.now += 600
    clock.now = 1000 + MAX_AGE
    assert not admins.admits(cookie)


def test_no_password_is_printed_with_the_settings(elsewhere: Path) -> None:
    given = {"ADMIN_PASSWORD": "seaweed", "DB_PASSWORD": "driftwood"}
    settings = load_settings(given, elsewhere / "no.env")
    assert (settings.admin_password, settings.db_password) == ("seaweed", "driftwood")
    assert "seaweed" not in repr(settings)
    assert "driftwood" not in repr(settings)
