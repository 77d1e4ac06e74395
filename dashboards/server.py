"""Starts the dashboard: Streamlit's application plus our sign-in and audio routes, behind the gate."""

import hashlib
import hmac
import ipaddress
import os
import socket
import threading
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from dashboards.links import signing_key
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError

SETTINGS_SECRET = "callqa_settings"  # noqa: S105  the key under which pages find the settings, no secret itself


def serve(
    settings: Settings, ready: Callable[[str], None] | None = None, warm: Callable[[], None] | None = None
) -> None:
    """Serve the dashboard until the process is stopped.

    ready: called once with the address as soon as pages are served. warm: called once, some seconds later, when what
    the first visitor would wait for is in memory (dashboards/warm_up.py). Raises ConfigError for a host other than
    loopback without sign-in, a port in use or a data folder without write access.
    """
    host, port = settings.dashboard.host, settings.dashboard.port
    check_address(host, port, open_to_all=settings.auth.mode == "none")
    import uvicorn  # noqa: PLC0415  a second of imports that `callqa --help` must not pay

    app = build_app(settings)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/"

    stopped = threading.Event()

    def stay_warm() -> None:
        from dashboards.warm_up import keep_warm  # noqa: PLC0415  all that pages import: nobody waits for it

        keep_warm(settings, stopped, warm or (lambda: None))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not self.started:
                return
            # not before: components make themselves known to the running application
            threading.Thread(target=stay_warm, name="warm-up", daemon=True).start()
            if ready:
                ready(address)

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="auto",
        ws_per_message_deflate=False,  # as Streamlit serves by itself: a page is some 100 KiB, packing it takes time
    )
    try:
        Server(config).run()
    finally:
        stopped.set()


def check_address(host: str, port: int, *, open_to_all: bool = True) -> None:
    """Raise ConfigError unless `port` is free and `host` is loopback, or people have to sign in."""
    if open_to_all and not _is_loopback(host):
        raise ConfigError(
            f"dashboard.host = {host!r} is not loopback and auth.mode is none: everybody who reaches the port would "
            "read patients' calls; set dashboard.host to 127.0.0.1, or add users (callqa user add) and set "
            "auth.mode to local"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"dashboard.port = {port} on {host} cannot be used ({error.strerror}); stop the program that holds it "
                "or set another dashboard.port in callqa.yaml"
            ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def build_app(settings: Settings) -> Any:
    """The ASGI application: pages, Streamlit's own routes and the audio route."""
    options = streamlit_options(settings)
    os.environ["STREAMLIT_SERVER_COOKIE_SECRET"] = _cookie_secret(settings.home)
    import streamlit as st  # noqa: PLC0415
    from streamlit.web import bootstrap  # noqa: PLC0415

    bootstrap.load_config_options(options)
    from dashboards.audio_route import audio_route  # noqa: PLC0415
    from dashboards.auth import Gate  # noqa: PLC0415
    from dashboards.data import data_of  # noqa: PLC0415
    from dashboards.fonts import font_route  # noqa: PLC0415
    from dashboards.sign_in import sign_in_routes  # noqa: PLC0415

    script = Path(str(files("dashboards").joinpath("app.py")))
    app = st.App(
        script,
        routes=[audio_route(settings, data_of(settings)), *sign_in_routes(settings), font_route()],
        secrets={SETTINGS_SECRET: settings.model_dump_json()},
    )
    return Gate(app, settings)


def streamlit_options(settings: Settings) -> dict[str, Any]:
    """Streamlit's options by dotted name: streamlit.toml with the settings' host and port."""
    raw = tomllib.loads(files("dashboards").joinpath("streamlit.toml").read_text(encoding="utf-8"))
    flat = {}
    for section, options in raw.items():
        for name, value in options.items():
            if isinstance(value, dict):
                flat.update({f"{section}.{name}.{inner}": v for inner, v in value.items()})
            else:
                flat[f"{section}.{name}"] = value
    host, port = settings.dashboard.host, settings.dashboard.port
    return {
        **flat,
        "server.address": host,
        "server.port": port,
        "browser.serverAddress": host,
        "browser.serverPort": port,
    }


def _cookie_secret(home: Path) -> str:
    return hmac.new(signing_key(home), b"cookie", hashlib.sha256).hexdigest()
