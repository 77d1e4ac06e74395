"""Serves a data folder for the browser tests: python -m tests.dashboards.serve HOME PORT; prints the address."""

import sys
from pathlib import Path

from dashboards.server import serve
from tests.dashboards.conftest import settings_for

if __name__ == "__main__":
    serve(settings_for(Path(sys.argv[1]), port=int(sys.argv[2])), ready=lambda address: print(address, flush=True))
