"""Pages without a browser: they run, say what they must, and fail as failures."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards.server import SETTINGS_SECRET
from pipeline.store.snapshot import publish
from tests.dashboards.conftest import settings_for
from tests.dashboards.seed import COMPLAINT_CALL

APP = str(Path(dashboards.__file__).parent / "app.py")


def run(home: Path, **query: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=30)
    app.secrets[SETTINGS_SECRET] = settings_for(home).model_dump_json()
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.text, *app.caption, *app.error, *app.info, *app.warning]
    return "\n".join(str(part.value) for part in parts)


def test_overview_shows_figures_with_units(home):
    app = run(home)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["通话"] == "42 通"
    assert figures["红线"] == "1 通"
    assert figures["音量（估算）"] == "65 dB"
    assert figures["平均分"].endswith(" 分")
    assert "2 个文件处理失败" in texts(app)


def test_english_by_address(home):
    app = run(home, lang="en")
    assert "Calls" in {metric.label for metric in app.metric}


def test_shared_address_opens_the_call(home):
    app = run(home, call=COMPLAINT_CALL)
    assert "王强 8031 · 投诉" in texts(app)
    assert "实测 12.8 秒，限值 8 秒" in texts(app)


def test_unknown_call_is_an_error_not_an_empty_page(home):
    assert "没有这通通话" in texts(run(home, call="no such call"))


def test_empty_store_says_what_to_run(tmp_path):
    app = run(tmp_path)
    assert "还没有通话" in texts(app)
    assert any("callqa run" in code.value for code in app.code)
    assert not app.metric


def test_published_store_without_calls(tmp_path):
    publish(tmp_path)
    app = run(tmp_path)
    assert {metric.label: metric.value for metric in app.metric}["平均分"] == "—"
    assert "所选日期内没有通话" in texts(app)


def test_broken_store_is_shown_as_a_failure(home):
    (home / "snapshots" / "CURRENT").write_text("analytics-99.duckdb\n", encoding="utf-8")
    app = run(home)
    assert "这一页无法显示" in texts(app)
    assert "analytics-99.duckdb" in texts(app)
    assert not app.metric


@pytest.mark.parametrize("kind", ["confirm", "reject"])
def test_verdict_is_saved_and_withdrawn(home, kind):
    app = run(home, call=COMPLAINT_CALL)
    button = next(b for b in app.button if (b.key or "").startswith(f"{kind}-brush-off@"))
    button.click().run()
    assert "local 判定，第 1 版" in texts(app)
    button = next(b for b in app.button if (b.key or "").startswith(f"{kind}-brush-off@"))
    button.click().run()
    assert "判定，第" not in texts(app)
