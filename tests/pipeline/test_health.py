"""Sizes, snapshots and integrity of a data folder's stores."""

from pathlib import Path

from pipeline.store.health import check_integrity, health
from pipeline.store.reviews import open_reviews, reviews_path
from pipeline.store.snapshot import publish


def test_sizes_and_snapshots_are_told(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path)
    found = health(tmp_path)
    assert [(s.name, s.current) for s in found.snapshots] == [
        ("analytics-2.duckdb", True),
        ("analytics-1.duckdb", False),
    ]
    sizes = dict(found.sizes)
    assert sizes["snapshots"] == sum(p.stat().st_size for p in (tmp_path / "snapshots").iterdir())
    assert sizes["artefacts"] == sizes["reviews.sqlite"] == 0
    assert 0 < found.free_bytes <= found.disk_bytes


def test_a_sound_store_passes_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert check_integrity(tmp_path) == ()
    with open_reviews(tmp_path) as store:
        for number in range(500):
            store.log("li", "audio.play", call_id=f"call-{number}", detail="x" * 200)
    assert check_integrity(tmp_path) == ()
    path = reviews_path(tmp_path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = b"\\x7f" * 4096
    path.write_bytes(content)
    problems = check_integrity(tmp_path)
    assert problems
    assert all(problem.startswith("reviews.sqlite: ") for problem in problems)
