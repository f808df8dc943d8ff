"""What the Review page says about a label."""

from __future__ import annotations

from html import escape

from learning.classes import in_words
from learning.registry import MODELS
from percentages import percent
from storage.labels import Reason
from storage.review import ReviewItem

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


def alt(label: ReviewItem) -> str:
    """The picture's alternative text."""
    return f"A drawing that was read as {label.predicted_digit} and said to be {in_words(label.true_label)}"


def brief(label: ReviewItem) -> str:
    """What a card says, as HTML."""
    return (
        f'<p>said <span class="digit">{in_words(label.true_label)}</span>, read {label.predicted_digit}'
        f' <span class="quiet">({percent(label.confidence)})</span></p>'
        f'<p class="quiet">{escape(_why_short(label))}</p>'
    )


def story(label: ReviewItem) -> str:
    """All that is known of a label, as HTML."""
    model = escape(MODELS[label.model].display_name if label.model in MODELS else label.model)
    return (
        f'<p>{name(label.person)} said it is <span class="digit">{in_words(label.true_label)}</span></p>'
        f'<p>read as <span class="digit">{label.predicted_digit}</span> by {model} version {label.model_version}, '
        f"{percent(label.confidence)} sure</p>"
        f"<p>{escape(_why(label))}</p>"
        f'<p class="quiet">{label.source}, labelled {label.labelled_at:%d %B %Y, %H:%M} UTC</p>'
    )


def _why(label: ReviewItem) -> str:
    if label.reviewer == "admin" and label.review != "pending":
        return f"An administrator {label.review} it."
    if label.review == "approved" and not label.reason:
        return "The model found this label plausible, so it was approved at once."
    return REASONS.get(label.reason, label.reason)


def _why_short(label: ReviewItem) -> str:
    return SHORT_REASONS.get(label.reason, "") if label.review == "pending" else _why(label)


def name(person: str) -> str:
    """A short name for a person of whom nothing but a random hash is known."""
    return f"Person {person[:6]}" if person else "Somebody without a name"
