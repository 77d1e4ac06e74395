"""Exports: the published rows, local times, and nothing a spreadsheet would run."""

import html
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import ConfigError, StoreError
from pipeline.store import artefact
from pipeline.store.snapshot import publish
from pipeline.tables import Sheet, read_table, sheet_bytes, table_named, write_table
from tests.builders import SHANGHAI, make_metadata, make_report

ZONE = "Asia/Shanghai"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, started in (
        ("early", datetime(2025, 11, 20, 0, 30, tzinfo=SHANGHAI)),
        ("late", datetime(2025, 11, 21, 23, 59, tzinfo=SHANGHAI)),
        ("undated", None),
    ):
        metadata = make_metadata(started_at=started, agent_name="=cmd|'/c calc'!A1", queue='挂号,"急"')
        artefact.write_report(tmp_path, make_report(name, metadata=metadata))
    publish(tmp_path)
    return tmp_path


def ids(frame: pl.DataFrame) -> list[str]:
    return frame["call_id"].unique(maintain_order=True).to_list()


def test_days_are_local_and_both_included(home: Path) -> None:
    assert ids(read_table(home, "calls", zone=ZONE)) == ["early", "late", "undated"]
    first, last = date(2025, 11, 20), date(2025, 11, 21)
    assert ids(read_table(home, "calls", zone=ZONE, first_day=first, last_day=last)) == ["early", "late"]
    assert ids(read_table(home, "findings", zone=ZONE, last_day=first)) == ["early"]
    assert ids(read_table(home, "utterances", zone=ZONE, first_day=last)) == ["late"]


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "calls.csv"
    write_table(read_table(home, "calls", zone=ZONE), out)
    raw = out.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    back = pl.read_csv(raw)
    assert back["agent_name"][0] == "'=cmd|'/c calc'!A1"
    assert back["queue"][0] == '挂号,"急"'
    assert back["started_at"][0] == "2025-11-20T00:30:00+08:00"
    assert back["score_total"][0] == 90.0


def test_parquet_keeps_everything_as_it_is(home: Path, tmp_path: Path) -> None:
    frame = read_table(home, "findings", zone=ZONE)
    write_table(frame, tmp_path / "findings.parquet")
    assert pl.read_parquet(tmp_path / "findings.parquet").equals(frame)


def test_xlsx_holds_text_not_formulas(home: Path, tmp_path: Path) -> None:
    import zipfile

    write_table(read_table(home, "calls", zone=ZONE), tmp_path / "calls.XLSX")
    with zipfile.ZipFile(tmp_path / "calls.XLSX") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "&#39;=cmd" in strings or "'=cmd" in strings


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_start_of_a_formula_is_defused(tmp_path: Path, start: str) -> None:
    out = tmp_path / "x.csv"
    write_table(pl.DataFrame({"text": [f"{start}1+1", "平常 = 1"], "number": [-1.5, 2.0]}), out)
    back = pl.read_csv(out)
    assert back["text"].to_list() == [f"'{start}1+1", "平常 = 1"]
    assert back["number"].to_list() == [-1.5, 2.0]


def test_an_empty_store_gives_a_header(tmp_path: Path) -> None:
    publish(tmp_path)
    frame = read_table(tmp_path, "utterances", zone=ZONE)
    assert frame.height == 0
    write_table(frame, tmp_path / "u.csv")
    assert (tmp_path / "u.csv").read_text(encoding="utf-8-sig").startswith("call_id,file_name,started_at")


def test_what_cannot_be_exported_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing was published"):
        read_table(tmp_path, "calls", zone=ZONE)
    with pytest.raises(ConfigError, match="lies before the first day"):
        read_table(tmp_path, "calls", zone=ZONE, first_day=date(2025, 2, 1), last_day=date(2025, 1, 1))
    with pytest.raises(ConfigError, match=r"exports are \.csv, \.parquet, \.xlsx"):
        write_table(pl.DataFrame(), tmp_path / "calls.doc")
    with pytest.raises(ConfigError, match="choose one of calls, findings, utterances"):
        table_named("passwords")


def test_a_sheet_holds_numbers_as_numbers_and_texts_harmless(tmp_path: Path) -> None:
    hostile = '=HYPERLINK("http://203.0.113.9")'
    sheet = Sheet(
        "weekly/2026*03",
        ("周报", hostile),
        ("坐席", "平均分"),
        ((hostile, 86.5), ("@sum(a1)", None), ("长" * 40_000, 3)),
    )
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(sheet_bytes(sheet))
    with zipfile.ZipFile(path) as archive:
        texts = re.findall(r"<t[^>]*>([^<]*)</t>", archive.read("xl/sharedStrings.xml").decode())
        page = archive.read("xl/worksheets/sheet1.xml").decode()
        book = archive.read("xl/workbook.xml").decode()
    assert "<f>" not in page
    assert "<v>86.5</v>" in page
    assert 'orientation="landscape"' in page
    assert 'name="weekly 2026 03"' in book
    assert [html.unescape(t)[:12] for t in texts if "HYPERLINK" in t] == ["'=HYPERLINK("]
    assert "'@sum(a1)" in texts
    assert max(map(len, texts)) == 32_767
