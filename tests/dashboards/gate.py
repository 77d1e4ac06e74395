"""The gate and the sign-in pages over loopback in this process, with one page behind them that says who is there."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dashboards.auth import Gate, user_of
from dashboards.sign_in import sign_in_routes
from pipeline.config.settings import Settings


@contextmanager
def served_gate(settings: Settings) -> Iterator[str]:
    """The address, without a slash at its end; `/who` answers with name and role."""

    def who(request: Request) -> PlainTextResponse:
        user = user_of(settings, request.headers, "127.0.0.1")
        return PlainTextResponse(f"{user.name} {user.role}" if user else "nobody")

    app = Gate(Starlette(routes=[*sign_in_routes(settings), Route("/who", who)]), settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
