"""The words for a training: what it gained and lost against what it may lose, and where the labels went."""

from __future__ import annotations

import pytest

from feedback import tolerances, wording
from feedback.wording import account_lines, measures, not_counted, progress_of, signed, verdict, without_paths
from learning.card import Exchanged, LabelAccount
from support.retrained import retrained_card


@pytest.mark.parametrize(
    ("stage", "version", "said"),
    [
        ("promoted", 3, "Version 3 was trained and promoted."),
        ("rejected", 3, "Version 3 was trained and not promoted."),
        ("refused", None, "Nothing was trained."),
        ("failed", None, "The training failed."),
        ("interrupted", None, "The training was interrupted and used no labels."),
        ("dry run", None, "A version was trained and judged, and is not kept."),
    ],
)
def test_every_ending_has_its_verdict(stage: str, version: int | None, said: str) -> None:
    assert verdict(stage, version) == said


def test_progress_never_goes_back() -> None:
    steps = [(stage, part) for stage in wording.STAGES for part in (0.0, 0.5, 1.0)]
    done = [progress_of(stage, part, "")[0] for stage, part in steps]
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 1
    assert progress_of("training", 0.4, "Epoch 2 of 4.")[1] == "40 % · Training: Epoch 2 of 4."
    assert progress_of("a stage of a later release", 0.0, "")[1] == "0 % · Starting"


def test_gains_and_losses_stand_beside_their_tolerances() -> None:
    found = {each.name: each for each in measures(retrained_card())}
    validation = found["MNIST validation digits (5,000)"]
    assert (validation.before, validation.after) == ("99.00 %", "99.04 %")
    assert (validation.change, validation.gain > 0) == ("+0.04 points", True)
    assert validation.tolerance == f"may lose {tolerances.TOLERANCE * 100:.2f} points"
    digit = found["the digit that lost most, 7"]
    assert (digit.change, digit.tolerance) == ("\N{MINUS SIGN}0.20 points", "each may lose 0.60 points")
    assert digit.gain < 0
    assert found["held-out labels (50)"].change == "3 gained, 1 lost"
    assert found["calibration error"].gain < 0
    assert found["MNIST test digits"].tolerance == "decides nothing"


def test_a_card_of_an_earlier_release_has_points_instead_of_labels() -> None:
    card = retrained_card().model_copy(update={"held_out_exchanged": None})
    assert "points" in next(each.change for each in measures(card) if each.name.startswith("held-out"))


def test_a_change_that_rounds_to_nothing_has_no_sign() -> None:
    assert [signed(value, 2) for value in (0.004, -0.004, 0.0)] == ["0.00"] * 3
    assert signed(-0.25, 2) == "\N{MINUS SIGN}0.25"


def test_the_account_adds_up_in_words() -> None:
    account = LabelAccount(approved=72, duplicates=2, dropped=3, held_out=14, held_out_contradicted=1, trained=53)
    lines = dict(account_lines(account))
    first, *others = lines.values()
    assert first == sum(others) == 72
    assert lines["trained on"] == 53
    assert lines["held out, to judge versions by, but for 1 that other people's drawings contradict a little"] == 14
    assert "beyond one person's quota" not in lines
    assert not_counted(account).startswith("Not counted: 2 the same picture with the same label again; 3 dropped")
    assert not_counted(LabelAccount(approved=5, trained=5)) == ""


def test_held_out_labels_are_told_with_their_number() -> None:
    exchanged = Exchanged(labels=50, gained=0, lost=0)
    card = retrained_card().model_copy(update={"held_out_exchanged": exchanged})
    assert "0 gained, 0 lost" in [each.change for each in measures(card)]


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("There is no MNIST in the data folder (DATA_DIR/MNIST/raw).", True),
        ("Run `python src/train_model.py`, and/or wait.", True),
        ("[Errno 28] No space left on device: '/data/model/cnn.pt'", False),
        ("/srv/app is full.", False),
        (r"C:\Users\me is full.", False),
    ],
)
def test_a_page_never_names_a_path_of_the_server(sentence: str, shown: bool) -> None:
    assert (without_paths(sentence) == sentence) is shown
