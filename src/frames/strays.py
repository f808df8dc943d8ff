"""Pieces of ink that do not belong to the digit: specks, and what lies far from it or comes in over the border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from frames.masks import AREA, BOX, Mask, pen_width, pieces


def of_the_digit(mask: Mask) -> list[Mask]:
    """What of a mask is the digit: the likeliest choice first, then others, without the specks and with them."""
    labels, stats = pieces(mask)
    if len(stats) <= 2:
        return [mask]
    area = stats[1:, AREA].astype(np.float64)
    boxes = stats[1:, BOX].astype(np.float64)
    height, width = mask.shape
    at_border = (
        (boxes[:, 0] <= 0)
        | (boxes[:, 1] <= 0)
        | (boxes[:, 0] + boxes[:, 2] >= width)
        | (boxes[:, 1] + boxes[:, 3] >= height)
    )
    extent = boxes[:, 2:].max(1)
    line = _are_lines(boxes, mask.shape)
    main = int(np.argmax(np.sqrt(area) * extent * np.where(at_border, 0.6, 1) * np.where(line, 0.01, 1)))
    pen = pen_width(labels == main + 1)
    gap = _gaps(boxes, boxes[main])
    size = extent[main]
    speck = (area < 0.5 * pen**2) & (extent < 1.5 * pen)
    far = (gap > 0.25 * size) & (area < 0.2 * area[main])
    foreign = at_border & (area < 0.3 * area[main]) & (gap > 0.04 * size)
    others = np.arange(len(area)) != main
    foreign |= line
    dropped = others & (far | foreign | (speck & (gap > 0)))
    inner = others & speck & ~dropped
    choices = [~(dropped | inner), ~(others & (speck | foreign | (far & speck)))]
    if not at_border[main]:
        choices.append(~others)
    if area[main] < 0.5 * area.sum():  # a dotted line is no dust
        choices.insert(0, np.ones(len(area), np.bool_))
    masks: list[Mask] = []
    for keep in choices:
        chosen: Mask = np.concatenate([[False], keep])[labels]
        if not any(np.array_equal(chosen, each) for each in masks):
            masks.append(chosen)
    return masks


def _are_lines(boxes: NDArray[np.float64], shape: tuple[int, ...]) -> Mask:
    """Which boxes (left, top, width, height) hold what is left of a frame: long, thin, and beside the border."""
    sides = np.array([shape[1], shape[0]])
    size, start = boxes[:, 2:], boxes[:, :2]
    found = np.zeros(len(boxes), np.bool_)
    for along in (0, 1):
        across = 1 - along
        nearest = np.minimum(start[:, across], sides[across] - start[:, across] - size[:, across])
        thin = size[:, across] < 0.15 * size[:, along]
        found |= thin & (size[:, along] > 0.5 * sides[along]) & (nearest < 0.08 * sides[across])
    return found


def _gaps(boxes: NDArray[np.float64], main: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each box (left, top, width, height) is from the main one, in pixels; 0 where they overlap."""
    across = np.maximum(main[0] - boxes[:, 0] - boxes[:, 2], boxes[:, 0] - main[0] - main[2]).clip(0)
    down = np.maximum(main[1] - boxes[:, 1] - boxes[:, 3], boxes[:, 1] - main[1] - main[3]).clip(0)
    gaps: NDArray[np.float64] = np.hypot(across, down)
    return gaps
