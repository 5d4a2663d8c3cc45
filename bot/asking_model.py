"""Asks a language model's provider whether it takes the key, without a call that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from bot.settings import Settings

PATIENCE = 10.0  # seconds
_PROVIDERS = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}


async def ask_key(settings: Settings) -> str:
    """What is wrong with the key, by the provider's list of models, which is free; empty when nothing is."""
    provider = settings.model.partition(":")[0]
    key = settings.model_api_key.get_secret_value()
    base = settings.model_base_url.rstrip("/") or _PROVIDERS.get(provider, "")
    if not base or not key:
        return ""
    headers = {"Authorization": f"Bearer {key}", "x-api-key": key, "anthropic-version": "2023-06-01"}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            answer = await client.get(f"{base}/models", headers=headers)
    except (httpx.HTTPError, UnicodeError) as error:
        kind = type(error).__name__
        return f"its server does not answer ({kind}): check OFFRAMP_MODEL_BASE_URL and the network"
    if answer.status_code in (401, 403):
        return "its server refuses the key: mend OFFRAMP_MODEL_API_KEY"
    return ""
