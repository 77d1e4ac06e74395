"""Makes the Chinese fonts of this folder from Noto Sans CJK SC (Debian package fonts-noto-cjk, SIL OFL 1.1).

    pip install fonttools brotli && python dashboards/fonts/make_fonts.py [/usr/share/fonts/opentype/noto]

Two weights, each with the 6 763 characters of GB 2312, its punctuation, whatever else our own texts, rules and samples
use, and characters of personal names outside the standard. Latin letters stay with Source Sans, which Streamlit
bundles; what is not in here falls back to the reader's system fonts. One file a weight, not many with unicode ranges:
Streamlit sends the ranges with every run of a page. A file's name carries a number: browsers keep it for a year, so
count up when the content changes (here and in dashboards/streamlit.toml).
"""

import re
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = 1
WEIGHTS = {400: "Regular", 700: "Bold"}
FACE_IN_COLLECTION = 2  # Noto Sans CJK SC
PUNCTUATION = (
    "·×÷°±‰←↑→↓√≈≠≤≥●○■□▲△▼★☆※①②③④⑤⑥⑦⑧⑨⑩，。、；：？！…—～‘’“”（）〈〉《》「」『』【】〔〕￥％＋－＝／＜＞＆＠＃＊"
)
NAMES = "堃喆玥珺昇旻赟甯頔翀珅烜琤玘昉旸珩瑀琰堉垚淼犇骉晢祎禛瑄璟璠璐彧妤婳婧嫄嬅昕曦皓皞頫颢龑濛潞潼澍濬煊熠燊"
SOURCES = ("dashboards/texts/*.yaml", "pipeline/config/**/*.yaml", "audio_samples/*.json", "tests/**/*.yaml")


def gb2312(first_row: int, last_row: int) -> set[str]:
    """The characters of these rows (区) of the standard."""
    cells = (bytes((row + 0xA0, cell + 0xA0)) for row in range(first_row, last_row + 1) for cell in range(1, 95))
    return set("".join(cell.decode("gb2312", "ignore") for cell in cells))


def characters() -> set[str]:
    read = "".join(p.read_text(encoding="utf-8") for pattern in SOURCES for p in sorted(ROOT.glob(pattern)))
    return set(re.findall(r"[\u3400-\u9fff]", read)) | set(PUNCTUATION) | set(NAMES) | gb2312(16, 55) | gb2312(56, 87)


def make(folder: Path) -> None:
    for weight, name in WEIGHTS.items():
        font = TTFont(folder / f"NotoSansCJK-{name}.ttc", fontNumber=FACE_IN_COLLECTION)
        wanted = {ord(c) for c in characters()} & font.getBestCmap().keys()
        options = subset.Options(flavor="woff2", layout_features=["kern"], hinting=False, desubroutinize=True)
        maker = subset.Subsetter(options)
        maker.populate(unicodes=wanted)
        maker.subset(font)
        path = HERE / f"noto-sans-sc-{weight}-{VERSION}.woff2"
        subset.save_font(font, str(path), options)
        print(f"{path.name}: {len(wanted)} characters, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/opentype/noto"))
