"""The Chinese fonts that the dashboard serves itself: nothing is asked of another machine.

Noto Sans CJK SC, © 2014-2021 Adobe (http://www.adobe.com/), SIL Open Font License 1.1 (OFL.txt). Made by make_fonts.py.
"""

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

FONTS_PATH = "/fonts/"  # not below /static/, which is Streamlit's own
_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def font_names() -> tuple[str, ...]:
    """File names, by weight."""
    return tuple(sorted(f.name for f in files(__name__).iterdir() if f.name.endswith(".woff2")))


async def serve_font(request: Request) -> Response:
    """The file, to be kept for a year; 404 for any other name."""
    name = request.path_params["name"]
    if name not in font_names():
        return PlainTextResponse("there is no such font", 404)
    return FileResponse(Path(str(files(__name__).joinpath(name))), media_type="font/woff2", headers=_HEADERS)


def font_route() -> Route:
    return Route(FONTS_PATH + "{name}", serve_font, methods=["GET", "HEAD"])
