"""What a model card says of the machine."""

from __future__ import annotations

import platform

from learning.card import ModelCard
from learning.machine import machine
from support.shipped import card


def test_every_fact_is_a_field_of_the_card_and_the_machines_own_name_is_none() -> None:
    facts = machine()
    assert facts.keys() <= ModelCard.model_fields.keys()
    assert ModelCard.from_json(card("linear").to_json() | facts).torch == facts["torch"]
    assert facts["cpu"]
    assert platform.node() not in facts.values()
