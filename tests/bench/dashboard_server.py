"""Serves a data folder for bench_dashboard: python -m tests.bench.dashboard_server HOME PORT LOG

Its address is printed once pages are served, then WARM once the first visitor would wait for nothing that can be made
ready before. Every statement that the dashboard runs on the snapshot is noted in LOG: a JSON line with name, start and
seconds.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from dashboards import data
from dashboards.server import serve
from tests.dashboards.conftest import settings_for

WARM = "warm"


def main() -> None:
    home, port = Path(sys.argv[1]), int(sys.argv[2])
    with Path(sys.argv[3]).open("a", encoding="utf-8", buffering=1) as log:
        _note_statements(log)
        serve(settings_for(home, port=port), ready=_say, warm=lambda: _say(WARM))


def _say(word: str) -> None:
    print(word, flush=True)


def _note_statements(log: TextIO) -> None:
    real = data._answer

    def noted(cursor: Any, name: str, values: dict[str, Any]) -> Any:
        began_s, began = time.perf_counter(), time.time()
        try:
            return real(cursor, name, values)
        finally:
            log.write(json.dumps({"name": name, "at": began, "seconds": time.perf_counter() - began_s}) + "\n")

    data._answer = noted


if __name__ == "__main__":
    main()
