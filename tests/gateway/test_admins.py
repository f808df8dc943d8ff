"""The administrators' sessions: one password, few attempts for each client, and an end that comes by itself."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from limits import RateLimitItemPerSecond

from gateway.admins import MAX_AGE, MAX_IDLE, Admins, SignInRefused
from settings import load_settings
from support.clock import RIGHT, Clock


def refusal(admins: Admins, password: str, client: str = "192.0.2.1", visitor: str = "somebody") -> str:
    with pytest.raises(SignInRefused) as refused:
        admins.sign_in(visitor, password, client)
    assert not admins.admits(visitor)
    return str(refused.value)


def test_the_password_admits_its_visitor_and_nobody_else() -> None:
    admins = Admins(RIGHT)
    assert not admins.admits("alice")
    admins.sign_in("alice", RIGHT, "192.0.2.1")
    assert admins.admits("alice")
    assert not admins.admits("bob")
    admins.sign_out("alice")
    assert not admins.admits("alice")


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
    admins.sign_in("alice", RIGHT, "192.0.2.2")
    assert admins.admits("alice")


def test_right_passwords_do_not_count() -> None:
    admins = Admins(RIGHT)
    for _ in range(20):
        admins.sign_in("alice", RIGHT, "192.0.2.1")
    for _ in range(5):
        assert refusal(admins, "guess") == "This password is wrong."


def test_later_there_are_attempts_again() -> None:
    admins = Admins(RIGHT, RateLimitItemPerSecond(2, 1))
    for _ in range(2):
        refusal(admins, "guess")
    assert refusal(admins, RIGHT) == "There were too many wrong passwords: try again in a minute."
    time.sleep(1.1)
    admins.sign_in("alice", RIGHT, "192.0.2.1")


def test_many_at_once_have_no_more_attempts_than_one() -> None:
    admins = Admins(RIGHT)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: refusal(admins, f"guess {n}", visitor=str(n)), range(100)))
    assert said.count("This password is wrong.") == 5


def test_a_session_ends_without_use_and_use_keeps_it() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    admins.sign_in("alice", RIGHT, "192.0.2.1")
    for _ in range(3):
        clock.now += MAX_IDLE - 1
        assert admins.admits("alice")
    clock.now += MAX_IDLE
    assert not admins.admits("alice")
    clock.now -= MAX_IDLE
    assert not admins.admits("alice"), "an ended session stays ended"


def test_a_page_that_refreshes_by_itself_does_not_keep_a_session() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    admins.sign_in("alice", RIGHT, "192.0.2.1")
    for _ in range(4):
        assert admins.admits("alice", used=False)
        clock.now += MAX_IDLE / 4
    assert not admins.admits("alice", used=False)


def test_a_session_ends_eight_hours_after_the_sign_in_however_much_it_is_used() -> None:
    clock = Clock()
    admins = Admins(RIGHT, clock=clock)
    admins.sign_in("alice", RIGHT, "192.0.2.1")
    while clock.now < 1000 + MAX_AGE - 60:
        assert admins.admits("alice")
        clock.now += 600
    clock.now = 1000 + MAX_AGE
    assert not admins.admits("alice")


def test_no_password_is_printed_with_the_settings(elsewhere: Path) -> None:
    given = {"ADMIN_PASSWORD": "seaweed", "DB_PASSWORD": "driftwood"}
    settings = load_settings(given, elsewhere / "no.env")
    assert (settings.admin_password, settings.db_password) == ("seaweed", "driftwood")
    assert "seaweed" not in repr(settings)
    assert "driftwood" not in repr(settings)
