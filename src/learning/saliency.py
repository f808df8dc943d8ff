"""Which ink speaks for an answer and which against it: occlusion, for whatever reads frames.

Ink is taken away under one small window after the other, and what that changes is that ink's part in the answer (Zeiler
and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014: occlusion sensitivity). The windows are
soft, so that a hole has no edge that could be read as an edge of the pen, and a pixel's value is the mean change over
the windows that cover it, weighted by how much they do (as in RISE, Petsiuk et al., BMVC 2018). It needs no gradient: a
personal model's answer and a digit score are explained in the same way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from frames.masks import Pixels
from frames.preprocessing import FRAME

Floats = NDArray[np.float32]

# A window as wide as MNIST's pen, every second pixel: with narrower or more ones the map is no better at telling which
# ink matters, and takes up to three times as long.
SPREAD = 1.5  # pixels: the standard deviation of a window
STEP = 2  # pixels between the centres of two windows
LEAST_INK = 0.5  # pixels of full ink under a window: what takes less away changes nothing
_COUNT = FRAME // STEP


class Occlusions(NamedTuple):
    """A frame with ink taken away under each of n windows."""

    frames: Pixels
    """(n, 28, 28) uint8."""
    windows: Floats
    """(n, 28, 28), 0-1: which part of each pixel's ink is taken away."""
    centres: NDArray[np.float64]
    """(n, 2): row and column of their middles, in pixels from the middle of the first."""

    def centre(self, n: int) -> tuple[float, float]:
        """Row and column of one window's middle."""
        row, column = self.centres[n].tolist()
        return row, column


def _all_windows() -> tuple[Floats, NDArray[np.float64]]:
    places = np.arange(FRAME)
    middles = np.arange(_COUNT) * STEP + (STEP - 1) / 2  # symmetric about the frame's middle
    along = np.exp(-((places[None] - middles[:, None]) ** 2) / (2 * SPREAD**2))
    windows = along[:, None, :, None] * along[None, :, None, :]
    centres = np.stack(np.meshgrid(middles, middles, indexing="ij"), -1).reshape(-1, 2)
    return windows.reshape(-1, FRAME, FRAME).astype(np.float32), centres


_WINDOWS, _CENTRES = _all_windows()


def occlude(frame: Pixels) -> Occlusions:
    """A (28, 28) uint8 frame without the ink under each window that has any: at most 196, of a digit about 80."""
    ink = frame.astype(np.float32)
    some = (_WINDOWS * ink).sum((1, 2)) >= LEAST_INK * 255
    windows = _WINDOWS[some]
    return Occlusions(np.rint(ink * (1 - windows)).astype(np.uint8), windows, _CENTRES[some])


def saliency(frame: Pixels, windows: Floats, losses: NDArray[Any]) -> Floats:
    """How much the ink of each pixel speaks for an answer, (28, 28): above 0 for it, below 0 against it.

    `losses`, (n,), say how much the answer's score is lower without the ink under each window; the unit is theirs.
    Paper says nothing: it is 0.
    """
    if not len(windows):
        return np.zeros_like(frame, np.float32)
    mean: Floats = np.tensordot(losses.astype(np.float32), windows, 1) / windows.sum(0)
    return np.where(frame > 0, mean, np.float32(0))
