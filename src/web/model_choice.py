"""Which model reads for a call of the API: the one that it names, or the best of those that serve."""

from __future__ import annotations

import asyncio

from serving.app_state import get_app_state
from web.schemas import Picture, PictureForm


async def model_for(asked: Picture | PictureForm) -> str:
    """The model that a call names; without a name, one that serves: a damaged file of the default is no reason not to.

    While the models load, whoever names none waits for them here, since only then it is known which ones serve.
    """
    if "model" in asked.model_fields_set:
        return asked.model
    models = get_app_state().models
    if models.loading:
        models.load_now()
        await asyncio.to_thread(models.wait, 30)
    return models.default
