"""What the project promises of its HTTP API, on two cores that the clients share: speed, and memory that stays."""
# ruff: noqa: T201 - what is measured is printed, for the README

import pytest

from benchmarks import load_test

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


def test_the_app_keeps_its_pace_and_its_memory() -> None:
    found = load_test.load(requests=3000, memory_requests=20_000)
    for kind, measured in found.measured.items():
        for at in measured:
            print(f"{kind}, {at.clients} clients: {at.per_second:.0f}/s, p50 {at.p50:.1f} ms, p99 {at.p99:.1f} ms")
    print(f"{found.logged} predictions, each with its row; memory grew by {found.growth:.1f} MB")
    for one, eight, _many in found.measured.values():
        assert one.p50 < 5
        assert eight.p99 < 60
    # Four times the bytes have to be unpacked for a picture in colour, with an alpha channel: some 300 a second.
    assert found.measured["grey"][1].per_second >= 400
    assert found.growth < 50
