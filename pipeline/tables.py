"""Tables of the published snapshot as files for spreadsheets and statistics: calls, findings, utterances."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl
import xlsxwriter

from pipeline.errors import ConfigError, StoreError
from pipeline.store.snapshot import open_snapshot
from pipeline.store.statements import statement

Table = Literal["calls", "findings", "utterances"]
TABLES: tuple[Table, ...] = ("calls", "findings", "utterances")
SUFFIXES = (".csv", ".parquet", ".xlsx")
XLSX_ROWS = 1_048_575
XLSX_CHARACTERS = 32_767
FORMULA_STARTS = r"^[=+\-@\t\r\n]"


def read_table(
    home: Path, table: Table, *, zone: str, first_day: date | None = None, last_day: date | None = None
) -> pl.DataFrame:
    """Rows of a table, times in `zone`. first_day, last_day: local days, both included; None: open.

    Raises StoreError when nothing was published yet, ConfigError for days the wrong way round.
    """
    if first_day and last_day and last_day < first_day:
        raise ConfigError(f"the last day {last_day} lies before the first day {first_day}; swap them")
    connection = open_snapshot(home)
    if connection is None:
        raise StoreError(f"nothing was published in {home} yet; run callqa run FOLDER first")
    values = {"from": _midnight(first_day, zone), "until": _midnight(last_day, zone, days=1)}
    with connection:
        frame = connection.execute(statement("read", f"export_{table}"), values).pl()
    return frame.with_columns(pl.col("started_at").dt.convert_time_zone(zone))


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write rows to a .csv (UTF-8 with mark, for spreadsheets), .parquet or .xlsx file.

    In csv and xlsx a text that a spreadsheet would take for a formula gets an apostrophe in front. Raises ConfigError
    for another suffix, more rows than a sheet holds, or a file that cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: exports are {', '.join(SUFFIXES)}; name the file with one of these suffixes")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".parquet":
            frame.write_parquet(path, compression="zstd")
        elif path.suffix.lower() == ".csv":
            _harmless(frame).write_csv(path, include_bom=True, datetime_format="%Y-%m-%dT%H:%M:%S%:z")
        else:
            _write_xlsx(_harmless(frame), path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}; name another file with --out") from error


def _midnight(day: date | None, zone: str, days: int = 0) -> datetime | None:
    if day is None:
        return None
    after = day + timedelta(days=days)
    return datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone))


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(FORMULA_STARTS))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


def _write_xlsx(frame: pl.DataFrame, path: Path) -> None:
    if frame.height > XLSX_ROWS:
        raise ConfigError(f"{path}: {frame.height} rows do not fit a sheet of {XLSX_ROWS}; export .csv or fewer days")
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    plain = frame.with_columns(
        *(pl.col(name).dt.replace_time_zone(None) for name in times), pl.col(pl.String).str.head(XLSX_CHARACTERS)
    )
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as workbook:
        plain.write_excel(workbook, autofit=plain.height < 10_000)


def table_named(name: str) -> Table:
    """`name` as a table. Raises ConfigError naming what there is."""
    if name not in TABLES:
        raise ConfigError(f"there is no table {name!r} to export; choose one of {', '.join(TABLES)}")
    return name
