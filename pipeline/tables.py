"""Tables of the published snapshot as files for spreadsheets and statistics: calls, findings, utterances."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
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
FORMULA_START = re.compile(FORMULA_STARTS)
XLSX_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
SHEET_NAME_BAD = re.compile(r"[\[\]:*?/\\']")
SHEET_NAME_CHARACTERS = 31
MAX_COLUMN_WIDTH = 40
A4_PAPER = 9  # xlsxwriter's number of the format


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
    with xlsxwriter.Workbook(path, XLSX_OPTIONS) as workbook:
        plain.write_excel(workbook, autofit=plain.height < 10_000)


def table_named(name: str) -> Table:
    """`name` as a table. Raises ConfigError naming what there is."""
    if name not in TABLES:
        raise ConfigError(f"there is no table {name!r} to export; choose one of {', '.join(TABLES)}")
    return name


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as people read it: lines above, a heading, rows. Numbers stay numbers; None is an empty cell."""

    name: str
    lines: tuple[str, ...]
    heading: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]


def sheet_bytes(sheet: Sheet) -> bytes:
    """An .xlsx workbook with one sheet, set up for printing on A4 across, heading repeated on every page.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, as in `write_table`.
    """
    target = BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, **XLSX_OPTIONS}) as workbook:
        page = workbook.add_worksheet(SHEET_NAME_BAD.sub(" ", sheet.name)[:SHEET_NAME_CHARACTERS] or "1")
        title, bold = workbook.add_format({"bold": True, "font_size": 14}), workbook.add_format({"bold": True})
        heading = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        for number, line in enumerate(sheet.lines):
            page.write_string(number, 0, harmless(line), bold if number else title)
        first = len(sheet.lines) + 1
        for column, text in enumerate(sheet.heading):
            page.write_string(first, column, harmless(text), heading)
            page.set_column(column, column, _width(sheet, column))
        for down, row in enumerate(sheet.rows, first + 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(down, column, harmless(value)[:XLSX_CHARACTERS])
                elif value is not None:
                    page.write_number(down, column, value)
        page.set_landscape()
        page.set_paper(A4_PAPER)
        page.fit_to_pages(1, 0)
        page.repeat_rows(first)
        page.freeze_panes(first + 1, 1)
    return target.getvalue()


def harmless(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if FORMULA_START.match(text) else text


def _width(sheet: Sheet, column: int) -> float:
    """Characters of the widest cell, Chinese ones counted twice, within bounds."""
    texts = (sheet.heading[column], *(str(row[column]) for row in sheet.rows if row[column] is not None))
    return min(MAX_COLUMN_WIDTH, 2 + max(sum(1 if c.isascii() else 2 for c in text) for text in texts))
