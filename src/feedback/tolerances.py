"""The gate's tolerances: how much worse a candidate may be and still serve. Pages and commands name them as well."""

from __future__ import annotations

TOLERANCE = 0.0005  # fraction of MNIST's validation digits that may be lost: 0.05 points
DIGIT_TOLERANCE = 0.006  # the same for one digit, of which there are some 500: three of them
ECE_TOLERANCE = 0.005  # by which the calibration error may grow
AUROC_TOLERANCE = 0.01  # by which the digit score may get worse
REFUSED_TOLERANCE = 0.004  # fraction of all digits that it may refuse more than before: 0.4 points
DIGIT_REFUSED_TOLERANCE = 0.012  # the same for one digit: six of MNIST's 500
ANCHOR_SLACK = 1.5  # times the tolerances, for all versions since the anchor together
# A held-out label weighs nothing up to this margin of the active version's first digit over its second, and 1 where
# that is certain: drawings between two digits, labelled as they are read, could otherwise stop every candidate.
LEAST_MARGIN = 0.5
LEAST_LOGITS, SURE_LOGITS = 1.0, 3.0  # the same for "is it a digit?": distances of the score from its threshold
SIGNIFICANCE = 1.64  # standard deviations by which the labels that are lost must outweigh those gained: one-sided 5 %
