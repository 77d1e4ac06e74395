"""Dialogues typed in by hand, and the commands that try them."""

import io
import json
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.errors import RuleError
from pipeline.rules.trial import dialogue_facts

SAID = "# a remark\n坐席: 您好，请讲。\n\n患者：我要挂号。\n静默：12秒\n坐席：这个我不指导。\n"


def called(home: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--home", str(home), *arguments])
    return int(ended.value.code or 0)


def test_a_dialogue_is_a_call() -> None:
    facts = dialogue_facts(SAID, "said.txt")
    assert [(u.role, u.text) for u in facts.utterances] == [
        ("agent", "您好，请讲。"),
        ("patient", "我要挂号。"),
        ("agent", "这个我不指导。"),
    ]
    assert [(e.kind, e.value) for e in facts.events] == [("silence", 12.0)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "said.txt: no line of a dialogue"),
        ("# nothing", "said.txt: no line of a dialogue"),
        ("坐席：您好\n护士：在", "said.txt:2: '护士：在' must begin with 坐席：, 患者：, 未知： or 静默："),
        ("坐席：", "said.txt:1: '坐席：' must begin with"),
        ("静默：很久", "said.txt:1: silence of '很久'; write seconds"),
        ("静默：0", "write seconds from 0 to 3600"),
        ("坐席：您好\n" * 5001, "said.txt: 5001 lines; at most 5000"),
    ],
)
def test_lines_that_are_not_understood(text: str, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        dialogue_facts(text, "said.txt")


def test_a_dialogue_is_tried_from_a_file_and_from_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "said.txt"
    path.write_text(SAID, encoding="utf-8")
    assert called(tmp_path / "data", "rules", "try", str(path)) == 0
    told = capsys.readouterr().out
    assert "violated   major     forbidden-dont-know" in told
    assert "不指导（按读音匹配“不知道”" in told
    assert "topics: 预约挂号" in told
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("患者：你好。".encode()), encoding="utf-8"))
    assert called(tmp_path / "data", "rules", "try", "-") == 0
    assert "no rule has anything to say" in capsys.readouterr().out
    assert not (tmp_path / "data" / "rulebooks").exists()


def test_a_dialogue_that_cannot_be_read_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(tmp_path, "rules", "try", str(tmp_path / "none.txt")) == 2
    assert "give a UTF-8 text file" in capsys.readouterr().err


def test_the_schema_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(tmp_path, "rules", "schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "callqa rules"
