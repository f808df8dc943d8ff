"""What the Review page says about a label."""

from __future__ import annotations

from learning.classes import NOT_A_DIGIT
from learning.registry import display_name
from storage.labels import Reason
from storage.review import Filters, ReviewItem

SURE = 0.9  # the confidence from which the model is said to be sure

REASONS: dict[str, str] = {
    Reason.CONFLICT: "Two people, or two labels of the same picture, disagree.",
    Reason.UNLIKELY: "The model finds this label unlikely.",
    Reason.CONTRADICTED: "Other people's drawings with this label look different.",
    Reason.MOSTLY_UNLIKELY: "This person mostly disagrees with the model.",
    Reason.TOO_FAST: "This person's labels came very fast.",
    Reason.NEW_NAMES: "Many new people came from one address.",
    Reason.ONE_SIDED: "This person gives nearly always the same label.",
    Reason.DECIDED_BEFORE: "An administrator decided on this drawing before it was labelled again.",
    Reason.REVIEW_ALL: "Every label is reviewed (FEEDBACK_REVIEW=all).",
    Reason.CORROBORATED: "Other people's drawings with this label look alike.",
}
SHORT_REASONS: dict[str, str] = {
    Reason.CONFLICT: "different labels",
    Reason.UNLIKELY: "unlikely",
    Reason.CONTRADICTED: "others look different",
    Reason.MOSTLY_UNLIKELY: "person disagrees with the model",
    Reason.TOO_FAST: "very fast",
    Reason.NEW_NAMES: "many new people",
    Reason.ONE_SIDED: "always the same digit",
    Reason.DECIDED_BEFORE: "decided before",
    Reason.REVIEW_ALL: "all are reviewed",
}


def label_words(label: int) -> str:
    """A label (0-9 or NOT_A_DIGIT) as a button or a list names it."""
    return "not a digit" if label == NOT_A_DIGIT else str(label)


def alt(label: ReviewItem) -> str:
    """The picture's alternative text."""
    return f"A drawing that was read as {label.predicted_digit} and said to be {label_words(label.true_label)}"


def said_and_read(label: ReviewItem) -> str:
    """What was said and what was read: a card's caption, and the name of its controls."""
    return f"said {label_words(label.true_label)}, read {label.predicted_digit}"


def against(label: ReviewItem) -> bool:
    """Whether the model is sure that the label is wrong."""
    return label.predicted_digit != label.true_label and label.confidence >= SURE


def why(label: ReviewItem) -> str:
    """Why a label waits, or who decided on it, as a sentence."""
    if label.reviewer == "admin" and label.review != "pending":
        return f"An administrator {label.review} it."
    if label.review == "approved" and not label.reason:
        return "The model found this label plausible, so it was approved at once."
    return REASONS.get(label.reason, label.reason)


def why_briefly(label: ReviewItem) -> str:
    """The same in a few words, where it waits."""
    return SHORT_REASONS.get(label.reason, "") if label.review == "pending" else why(label)


def about(label: ReviewItem) -> str:
    """Who drew it, how, when it was labelled, and which model read it."""
    return (
        f"{name(label.person)}, {label.source}, labelled {label.labelled_at:%d %B %Y, %H:%M} UTC. "
        f"Read by {display_name(label.model)} version {label.model_version}."
    )


def name(person: str) -> str:
    """A short name for a person of whom nothing but a random hash is known."""
    return f"Person {person[:6]}" if person else "Somebody without a name"


def filter_words(filters: Filters) -> str:
    """What the filters leave, in a few words; "" where they leave everything. How the review stands is not said."""
    parts = (
        filters.reason and SHORT_REASONS.get(filters.reason, filters.reason),
        filters.label is not None and f"said to be {label_words(filters.label)}",
        filters.predicted_digit is not None and f"read as {filters.predicted_digit}",
        filters.source,
        filters.person is not None and name(filters.person),
    )
    return ", ".join(part for part in parts if part)
