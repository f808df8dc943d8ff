"""Glyphs are smooth curves through their points, with sharp corners, sampled evenly."""

from __future__ import annotations

import torch

from learning.glyphs import SAMPLES, digit_glyphs, linear_weights, parse, spline_weights, symbol_glyphs


def test_a_glyph_goes_through_its_points_and_keeps_its_corners() -> None:
    glyphs = parse([(7, 1.0, "00 90! 49 / 15 75")])
    path = (glyphs.curves @ glyphs.controls)[0] * 9
    for point in ([0, 0], [9, 0], [4, 9], [1, 5], [7, 5]):
        assert (path - torch.tensor(point)).norm(dim=1).min() < 0.15
    assert path[:, 1].min() > -1e-4  # a round turn would swing above the corner


def test_a_glyph_knows_its_label_its_frequency_and_its_strokes() -> None:
    glyphs = parse([(7, 1.5, "00 90! 49 / 15 75"), (1, 0.5, "50 59")])
    assert glyphs.label.tolist() == [7, 1]
    assert glyphs.frequency.tolist() == [1.5, 0.5]
    assert glyphs.strokes[0, :5].tolist() == [0, 0, 0, 1, 1]


def test_samples_are_spread_evenly() -> None:
    for glyphs in (digit_glyphs(), symbol_glyphs()):
        gaps = (glyphs.curves @ glyphs.controls).diff(dim=1).norm(dim=2)
        pen_down = gaps < 0.2
        assert pen_down.sum(1).min() >= SAMPLES - 5
        assert gaps[pen_down].max() < 0.12


def test_weights_sum_to_one_and_pass_through_the_control_points() -> None:
    parameters, points = torch.linspace(0, 4, 41), torch.arange(5)
    for weights in (linear_weights(parameters, 5), spline_weights(parameters, [True, False, True, False, True])):
        torch.testing.assert_close(weights.sum(1), torch.ones(41))
        torch.testing.assert_close(weights[10 * points], torch.eye(5))


def test_every_digit_has_styles() -> None:
    assert set(digit_glyphs().label.tolist()) == set(range(10))
