"""Metadata: every source is understood, the nearest one wins, and a bad value is an error for that file only."""

import json
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline.config import MetadataSettings, load_settings
from pipeline.errors import ConfigError
from pipeline.metadata import MetadataReader, caller_hash, caller_key, clean
from pipeline.model import CallMetadata

CHINA = timezone(timedelta(hours=8))
KEY = b"k" * 32


@pytest.fixture
def settings(tmp_path: Path) -> MetadataSettings:
    return load_settings(tmp_path / "home").metadata


def read(settings: MetadataSettings, path: Path, *, root: Path | None = None, **changes: object) -> CallMetadata:
    return MetadataReader(settings.model_copy(update=changes), [root or path.parent], KEY).read(path)


def put(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))


def test_nobody_says_anything(settings: MetadataSettings, tmp_path: Path) -> None:
    assert read(settings, tmp_path / "录音 1.wav") == CallMetadata()


def test_nobody_says_anything_but_it_is_required(settings: MetadataSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"录音 1\.wav: nobody says agent_id and started_at.*manifest\.csv"):
        read(settings, tmp_path / "录音 1.wav", required=True)


@pytest.mark.parametrize(
    ("name", "agent", "queue", "direction", "started"),
    [
        ("8023_挂号_13800000001_20251120093105", "8023", "挂号", None, datetime(2025, 11, 20, 9, 31, 5, tzinfo=CHINA)),
        ("A012_q1_anonymous_20251120093105", "A012", "q1", None, datetime(2025, 11, 20, 9, 31, 5, tzinfo=CHINA)),
        (
            "in-8023-13800000001-20251120-093105-1700000000.12",
            "8023",
            None,
            "inbound",
            datetime(2025, 11, 20, 9, 31, 5, tzinfo=CHINA),
        ),
        (
            "13800000001_8023_2025-11-20-09-31-05",
            "8023",
            None,
            None,
            datetime(2025, 11, 20, 9, 31, 5, tzinfo=CHINA),
        ),
    ],
)
def test_file_names_of_telephone_systems(
    settings: MetadataSettings,
    tmp_path: Path,
    name: str,
    agent: str,
    queue: str | None,
    direction: str | None,
    started: datetime,
) -> None:
    found = read(settings, tmp_path / f"{name}.wav")
    assert (found.agent_id, found.queue, found.direction, found.started_at) == (agent, queue, direction, started)
    hidden = "anonymous" in name
    assert found.caller_hash == (None if hidden else caller_hash("13800000001", KEY))


def test_an_impossible_date_in_the_name_is_an_error_not_now(settings: MetadataSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"started_at = '20251399250000' in the file name \(pattern huawei-zte\)"):
        read(settings, tmp_path / "8023_q_13800000001_20251399250000.wav")


def test_the_nearest_source_wins_field_by_field(settings: MetadataSettings, tmp_path: Path) -> None:
    path = tmp_path / "8023_挂号_13800000001_20251120093105.wav"
    put(tmp_path / "manifest.csv", f"file,agent_name,queue,team\n{path.name},李静,心内科,一组\n")
    put(tmp_path / f"{path.stem}.csv", "team,line\n二组,trunk-2\n")
    put(tmp_path / f"{path.stem}.json", json.dumps({"line": "trunk-3", "agent_channel": 1}))
    found = read(settings, path)
    assert (found.agent_id, found.agent_name, found.queue, found.team) == ("8023", "李静", "心内科", "二组")
    assert (found.line, found.agent_channel) == ("trunk-3", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_manifests_as_exported_in_china(
    settings: MetadataSettings, tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = [
        ["文件名", "工号", "姓名", "呼叫方向", "开始时间"],
        ["投诉 1.wav", "8023", "李静", "呼入", "2025/11/20 09:31:05"],
    ]
    put(tmp_path / "manifest-2025.csv", "\r\n".join(separator.join(r) for r in rows) + "\r\n", encoding)
    found = read(settings, tmp_path / "投诉 1.wav")
    assert (found.agent_id, found.agent_name, found.direction) == ("8023", "李静", "inbound")
    assert found.started_at == datetime(2025, 11, 20, 9, 31, 5, tzinfo=CHINA)


def test_a_manifest_above_the_file_names_it_by_its_path(settings: MetadataSettings, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "2025-11"
    folder.mkdir(parents=True)
    put(tmp_path / "in" / "manifest.csv", "file,agent_id\n2025-11/a.wav,8023\n")
    assert read(settings, folder / "a.wav", root=tmp_path / "in").agent_id == "8023"
    assert read(settings, folder / "a.wav", root=folder).agent_id is None


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2025-11-20T09:31:05+09:00", 9),
        ("2025-11-20 09:31:05", 8),
        ("2025年11月20日 09:31", 8),
        ("20251120093105", 8),
        ("2025-11-20T01:31:05Z", 0),
    ],
)
def test_times_are_aware(settings: MetadataSettings, tmp_path: Path, text: str, offset: int) -> None:
    put(tmp_path / "a.json", json.dumps({"started_at": text}))
    started = read(settings, tmp_path / "a.wav").started_at
    assert started is not None
    assert started.utcoffset() == timedelta(hours=offset)
    assert started.date().isoformat() == "2025-11-20"


@pytest.mark.parametrize("text", ["2025-02-30 10:00:00", "2025-11-20", "yesterday", "0001-01-01 00:00:00", "9" * 14])
def test_impossible_times(settings: MetadataSettings, tmp_path: Path, text: str) -> None:
    put(tmp_path / "a.json", json.dumps({"started_at": text}))
    with pytest.raises(ConfigError, match=r"a\.wav: started_at = .* is no possible time; write it like"):
        read(settings, tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"direction": "sideways"}', r"direction = 'sideways' in .*a\.json is not known"),
        ('{"agent_channel": 2}', "agent_channel = '2'"),
        ('{"agent_id": ["8023"]}', "agent_id = .* must be text"),
        ('{"agent_id": "' + "9" * 201 + '"}', "has 201 characters, at most 200"),
        ('{"agent_id": "1", "工号": "2"}', "names agent_id twice"),
        ('["8023"]', "must hold one object"),
        ("{broken", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_bad_sidecars(settings: MetadataSettings, tmp_path: Path, content: str, message: str) -> None:
    put(tmp_path / "a.json", content)
    with pytest.raises(ConfigError, match=message):
        read(settings, tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,agent_id,agent_id\na.wav,1,2\n", "has the column 'agent_id' more than once"),
        (b"name,agent_id\na.wav,1\n", "has no column 'file'"),
        (b"PK\x03\x04\x00\x00binary", "neither UTF-8 nor GB18030"),
        (b"file\xff\xff,agent\n", "neither UTF-8 nor GB18030"),
        (b'file,agent_id\n"a.wav,1\n', "line 2 is not valid CSV"),
        (b"file,agent_id\na.wav,1\na.wav,2\n", r"speaks differently of a\.wav in lines 2, 3"),
    ],
)
def test_bad_manifests(settings: MetadataSettings, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read(settings, tmp_path / "a.wav")


def test_a_bad_row_is_an_error_for_its_file_only(settings: MetadataSettings, tmp_path: Path) -> None:
    put(tmp_path / "manifest.csv", "file,direction\nbad.wav,sideways\ngood.wav,呼出\n")
    reader = MetadataReader(settings, [tmp_path], KEY)
    with pytest.raises(ConfigError, match=r"manifest\.csv line 2"):
        reader.read(tmp_path / "bad.wav")
    assert reader.read(tmp_path / "good.wav").direction == "outbound"


def test_a_result_of_analyze_is_no_sidecar(settings: MetadataSettings, tmp_path: Path) -> None:
    put(tmp_path / "a.json", json.dumps({"call_id": "a", "utterances": [], "agent_id": "no"}))
    assert read(settings, tmp_path / "a.wav") == CallMetadata()


def test_unknown_columns_and_empty_cells_say_nothing(settings: MetadataSettings, tmp_path: Path) -> None:
    put(tmp_path / "manifest.csv", "file,agent_id,note,queue\na.wav, ,x,\n")
    assert read(settings, tmp_path / "a.wav") == CallMetadata()


def test_hostile_characters_do_not_get_in(settings: MetadataSettings, tmp_path: Path) -> None:
    put(tmp_path / "a.json", json.dumps({"agent_name": " \u202e李\u0000静\n\u200b"}))
    assert read(settings, tmp_path / "a.wav").agent_name == "李静"
    assert clean("\ud800a\x1b[31m") == "a[31m"


def test_an_unknown_zone_is_refused_at_once(settings: MetadataSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'Mars/Olympus' is no known zone"):
        read(settings, tmp_path / "a.wav", timezone="Mars/Olympus")


def test_a_number_is_hashed_the_same_however_it_is_written() -> None:
    hashes = {caller_hash(n, KEY) for n in ("13800000001", "+8613800000001", "0086 138-0000-0001", "(138) 0000 0001")}
    assert len(hashes) == 1
    assert "13800000001" not in str(hashes)
    assert caller_hash("13800000001", b"another key 12345") not in hashes
    assert caller_hash("Anonymous", KEY) is None


def test_the_key_is_made_once_for_the_owner_only(settings: MetadataSettings, tmp_path: Path) -> None:
    home = tmp_path / "new home"
    key = caller_key(home, settings)
    assert caller_key(home, settings) == key
    assert len(key) == 64
    assert stat.S_IMODE((home / "caller-hash.key").stat().st_mode) == 0o600


def test_a_named_key_must_exist_and_be_long_enough(settings: MetadataSettings, tmp_path: Path) -> None:
    named = settings.model_copy(update={"caller_hash_key_file": tmp_path / "key"})
    with pytest.raises(ConfigError, match="cannot be used: No such file"):
        caller_key(tmp_path, named)
    (tmp_path / "key").write_text("short\n")
    with pytest.raises(ConfigError, match="holds 5 bytes, at least 16"):
        caller_key(tmp_path, named)


def test_without_a_key_no_number_gets_in(settings: MetadataSettings, tmp_path: Path) -> None:
    put(tmp_path / "a.json", json.dumps({"caller": 13800000001}))
    assert MetadataReader(settings, [tmp_path], None).read(tmp_path / "a.wav") == CallMetadata()
