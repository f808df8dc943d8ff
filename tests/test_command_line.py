"""What the commands share: numbers within bounds, and errors of one line."""

from __future__ import annotations

import argparse

import pytest

from command_line import command, number


def test_numbers_within_their_bounds_are_taken() -> None:
    assert number(int, 1, 10)("10") == 10
    assert number(float, 0, 100)("0") == 0
    assert number(float, 0, 100, include_low=False)("0.5") == 0.5


@pytest.mark.parametrize("text", ["0", "11", "1.5", "ten", "", "nan", "inf"])
def test_other_numbers_are_refused_with_the_bounds(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number from 1 to 10"):
        number(int, 1, 10)(text)


def test_the_lower_bound_can_be_left_out() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number above 0 to 100"):
        number(float, 0, 100, include_low=False)("0")


def test_an_error_is_one_line_and_the_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    parser = command("some.py", "python src/some.py: does something.")
    parser.add_argument("--count", type=number(int, 1, 10))
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--count", "99"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
