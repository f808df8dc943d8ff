"""The challenge: ten digits to draw in a random order, how many of them are read, and ten labelled drawings."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from app_pages.pad import current_pad
from app_pages.pictures import picture
from learning.classes import DIGITS, NOT_A_DIGIT, in_words
from serving.reading import Reading


class Attempt(NamedTuple):
    """A digit that was asked for, and what its drawing was read as: a digit, or NOT_A_DIGIT."""

    drawing_id: UUID
    asked: int
    read: int
    image: bytes


class Task(NamedTuple):
    """The digit that is asked for, if any, and how far the challenge is."""

    asked: int | None = None
    progress: str = ""


def _shuffled() -> list[int]:
    return random.sample(range(DIGITS), DIGITS)


@dataclass
class Challenge:
    """Each digit once, in the order in which they are asked for, and the attempts so far."""

    digits: list[int] = field(default_factory=_shuffled)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def asked(self) -> int | None:
        """The digit that is to be drawn now; None when all of them are."""
        return None if self.finished else self.digits[len(self.attempts)]

    @property
    def finished(self) -> bool:
        """Whether each digit has been drawn."""
        return len(self.attempts) == len(self.digits)

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        return f"{len(self.attempts)} of {len(self.digits)} drawn, {self.score} read right"

    @property
    def score(self) -> int:
        """How many were read right."""
        return sum(attempt.asked == attempt.read for attempt in self.attempts)

    def drawn(self, reading: Reading) -> str:
        """Take a drawing of the digit that was asked for; what to say of it."""
        if self.asked is None:
            raise ValueError("All digits have been drawn.")
        prediction = reading.prediction
        read = prediction.predicted_digit if prediction.is_digit else NOT_A_DIGIT
        attempt = Attempt(reading.drawing_id, self.asked, read, reading.drawing.png)
        self.attempts.append(attempt)
        return f"your {attempt.asked} was read as {in_words(read)}. {self.score} of {len(self.attempts)} so far."

    def taken_back(self, drawing_id: UUID) -> None:
        """The last drawing is on the canvas again: its digit is asked for once more."""
        if self.attempts and self.attempts[-1].drawing_id == drawing_id:
            self.attempts.pop()


def current_challenge() -> Challenge | None:
    """The challenge that the session is in, also when it has just been finished."""
    challenge: Challenge | None = st.session_state.get("challenge")
    return challenge


def current_task() -> Task:
    """What the session is asked to draw, if anything."""
    challenge = current_challenge()
    return Task(challenge.asked, challenge.progress) if challenge and not challenge.finished else Task()


def challenge_panel() -> None:
    """A way to begin; while it lasts, how it goes; and at the end, what was read of the ten."""
    challenge = current_challenge()
    with st.container(key="challenge", horizontal=True, vertical_alignment="center"):
        if challenge is None:
            st.button("Challenge: ten digits", icon=":material/trophy:", on_click=_begin, type="tertiary")
        elif not challenge.finished:
            st.markdown(f"Challenge: {challenge.progress}")
            st.button("Stop", on_click=_end)
    if challenge and challenge.finished:
        _result(challenge)


@st.dialog("The challenge", on_dismiss=lambda: _end())
def _result(challenge: Challenge) -> None:
    st.subheader(f"{challenge.score} of {len(challenge.digits)} read right", anchor=False)
    with st.container(horizontal=True, key="attempts"):
        for attempt in challenge.attempts:
            with st.container(width=76, gap=None):
                name = f"Your {attempt.asked}, read as {in_words(attempt.read)}"
                st.html(picture(attempt.image, name, "attempt"))
                st.caption(_verdict(attempt))
    st.markdown(
        "All ten are kept as what you were asked for, and your next digits are read with them. Did you draw something "
        "else once? Change it below, under your recent drawings."
    )
    with st.container(horizontal=True):
        if st.button("Again"):
            _begin()
            st.rerun()
        if st.button("Close"):
            _end()
            st.rerun()


def _verdict(attempt: Attempt) -> str:
    if attempt.asked == attempt.read:
        return f"{attempt.asked} :green[✓]"
    return f"{attempt.asked}, read as {in_words(attempt.read)}"


def _begin() -> None:
    pad = current_pad()
    pad.next_drawing()  # what is on the canvas is not what will be asked for
    if st.session_state.get(pad.tabs, "Draw") != "Draw":
        pad.show("Draw")
    st.session_state.challenge = Challenge()


def _end() -> None:
    st.session_state.challenge = None
