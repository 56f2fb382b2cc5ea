"""Builds the HTTP application; nothing connects before it starts."""

from __future__ import annotations

from fastapi import FastAPI

from orchestrator import __version__


def create_app() -> FastAPI:
    """The application with `GET /healthz`: 200 as long as the process answers at all.

    https://kubernetes.io/docs/concepts/workloads/pods/probes/ says what such a probe is for.
    """
    app = FastAPI(title="Mycelium", version=__version__)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    return app
