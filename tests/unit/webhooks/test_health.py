"""The health probe answers without anything else running."""

from __future__ import annotations

import asyncio

import httpx

from orchestrator import __version__
from webhooks.app import create_app


def test_healthz() -> None:
    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://mycelium") as client:
            return await client.get("/healthz")

    response = asyncio.run(get())
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "version": __version__}
