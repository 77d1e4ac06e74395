"""The calls of some days, as a sampling plan looks at them: read from the published snapshot."""

from datetime import date
from pathlib import Path

import duckdb

from pipeline.errors import StoreError
from pipeline.sampling import FrameCall
from pipeline.store.snapshot import open_snapshot
from pipeline.store.statements import statement


def read_frame(home: Path, zone: str, first_day: date, last_day: date) -> tuple[tuple[FrameCall, ...], int | None]:
    """Every call of the local days, both included, and the snapshot they were read from (None: nothing published).

    Calls without a date are in no frame. Raises StoreError when the snapshot cannot be read.
    """
    connection = open_snapshot(home)
    if connection is None:
        return (), None
    values = {"zone": zone, "first_day": first_day, "last_day": last_day}
    try:
        with connection:
            rows = connection.execute(statement("read", "sampling_frame"), values).pl()
            info = connection.execute(statement("read", "snapshot_info"), {"zone": zone}).pl()
    except duckdb.Error as error:
        raise StoreError(
            f"the calls of {first_day} to {last_day} cannot be read: {error}; run callqa publish"
        ) from error
    calls = tuple(FrameCall(*row) for row in rows.iter_rows())
    return calls, info["snapshot_id"][0] if info.height else None
