"""Makes ready what the first visitor would wait for: pages' modules, texts, and the overview of a new snapshot.

A thread beside the server: it begins once pages are served and comes back when something was published. What stays for
the life of the process is taken out of Python's garbage collection, which then only looks through what visits leave;
that is done here too, often. Left alone Python waits until what is new comes to a quarter of what there is: 150 000
objects, with frames of finished visits among them, and a server of 2.9 GB.
"""

import gc
import pkgutil
import threading
from collections.abc import Callable
from importlib import import_module

import structlog

from dashboards import app_pages
from dashboards.call_search import Calls
from dashboards.data import Data, data_of
from dashboards.i18n import load_catalogue
from dashboards.moves import largest_moves
from dashboards.scope import first_view
from dashboards.trends import Trends
from pipeline import memory
from pipeline.config.settings import Settings
from pipeline.errors import CallQaError
from pipeline.store.snapshot import current_snapshot

LOOK_EVERY_S = 5.0
ARENAS = 2


def keep_warm(settings: Settings, stopped: threading.Event, warm: Callable[[], None]) -> None:
    """Until it is stopped. warm: called once, when the first round is done."""
    seen, first = None, True
    memory.share_arenas(ARENAS)
    while not stopped.is_set():
        try:
            newest = current_snapshot(settings.home)
            if first or newest != seen:
                warm_up(data_of(settings))
                seen = newest
        except CallQaError as error:  # a page tells it to whoever asks; the next snapshot is tried again
            structlog.get_logger().warning("warm-up failed", error=str(error))
        gc.collect()
        if first:
            gc.freeze()
            first = False
            warm()
        memory.give_back()
        stopped.wait(LOOK_EVERY_S)


def warm_up(data: Data) -> None:
    """Import what pages need and ask what the overview asks at first. Raises StoreError for a store without reading."""
    load_catalogue()
    for page in pkgutil.iter_modules(app_pages.__path__):
        import_module(f"{app_pages.__name__}.{page.name}")
    if not data.published():
        return
    options = Calls(data).options()
    trends = Trends(data, first_view(options["first_day"], options["last_day"]))
    before = trends.before()
    for each in (trends, before) if before else (trends,):
        each.figures()
    trends.over_time("day")
    for ask in (trends.scores, trends.levels, trends.rates, trends.families, trends.topics, trends.hours):
        ask()
    largest_moves(trends)
    trends.unmeasured(trends.figures().calls)
