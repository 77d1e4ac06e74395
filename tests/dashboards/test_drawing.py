"""Charts that are made once: the same chart as Altair would make, other data another chart."""

import json

import altair as alt
import polars as pl

from dashboards.components import charts
from dashboards.components.drawing import drawing_of
from dashboards.i18n import translator

ZH, EN = translator("zh"), translator("en")
BINS = pl.DataFrame({"low": [60, 65], "high": [65, 70], "calls": [2, 3]})


def rows(stream: bytes) -> list[dict[str, object]]:
    return pl.read_ipc_stream(stream).to_dicts()


def test_specification_is_altair_s_and_rows_lie_beside_it() -> None:
    drawing = drawing_of(charts.score_histogram, BINS, ZH)
    spec = json.loads(drawing.spec)
    plain = charts.score_histogram(BINS, ZH).to_dict()
    assert spec["encoding"] == plain["encoding"]
    [(name, stream)] = drawing.rows
    assert spec["data"] == {"name": name}
    assert rows(stream) == BINS.to_dicts()


def test_the_same_is_made_once_and_other_rows_or_words_anew() -> None:
    first = drawing_of(charts.score_histogram, BINS, ZH)
    assert drawing_of(charts.score_histogram, BINS.clone(), translator("zh")) is first
    other = drawing_of(charts.score_histogram, BINS.with_columns(calls=pl.col("calls") + 1), ZH)
    assert rows(other.rows[0][1])[0]["calls"] == 3
    assert other.rows[0][0] != first.rows[0][0]
    assert json.loads(drawing_of(charts.score_histogram, BINS, EN).spec)["encoding"]["y"]["title"] != "通话（通）"


def test_a_turn_chart_reaches_from_the_lowest_value_or_band_to_the_highest() -> None:
    turns = pl.DataFrame(
        {
            "start_s": [1.0, 5.0],
            "end_s": [2.0, 7.0],
            "text": ["您好" * 40, "再见"],
            "cpm": [100.0, 300.0],
            "more": [1, 2],
        }
    )
    drawing = charts.turn_chart(turns, "cpm", "字/分", (160.0, 260.0), ZH)
    spec, kept = json.loads(drawing.spec), dict(drawing.rows)
    domains = [layer["encoding"]["y"]["scale"]["domain"] for layer in spec["layer"]]
    assert domains == [[92.0, 318.0]] * 3
    area, spans, dots = (rows(kept[layer["data"]["name"]]) for layer in spec["layer"])
    assert area == [{"low": 160.0, "high": 260.0}]
    assert spans == dots
    assert [(row["cpm"], row["outside"], len(str(row["text"]))) for row in dots] == [(100, True, 40), (300, True, 2)]
    assert "more" not in dots[0]
    alt.LayerChart.from_dict({**spec, "datasets": {}})  # still valid by Altair's own schema


def test_calls_with_other_turns_share_the_layers_but_not_the_rows() -> None:
    def turns(value: float) -> pl.DataFrame:
        return pl.DataFrame({"start_s": [1.0], "end_s": [2.0], "text": ["您好"], "cpm": [value]})

    low, high = (charts.turn_chart(turns(v), "cpm", "字/分", (160.0, 260.0), ZH) for v in (100.0, 400.0))
    assert low.rows[0] == high.rows[0]  # the band
    assert low.rows[1][0] != high.rows[1][0]
