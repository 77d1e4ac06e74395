"""What must be true of a process before a heavy library is imported in it: offline, silent, importable.

Call `prepare()` before the first import of torch, torchaudio, pyannote.audio or faster_whisper, in every process.
"""

import logging
import os
import sys
import types
import warnings
from importlib.util import find_spec

OFFLINE_ENVIRONMENT = {
    "PYANNOTE_METRICS_ENABLED": "false",  # pyannote.audio 4 sends usage spans with recording durations by default
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # joblib (of scikit-learn) tries out a semaphore at import, and its tracker complains when a worker is replaced.
    "JOBLIB_MULTIPROCESSING": "0",
}


def prepare(*, allow_hub: bool = False) -> None:
    """Switch telemetry off, keep the hub shut unless allowed, and make torchaudio importable beside a CPU torch."""
    os.environ.update(OFFLINE_ENVIRONMENT)
    os.environ["HF_HUB_OFFLINE"] = "0" if allow_hub else "1"
    _stub_torchaudio_extension()
    # pyannote warns at import that torchcodec cannot load; it is never used: samples are handed over as arrays.
    warnings.filterwarnings("ignore", message=r"(?s).*torchcodec.*")
    warnings.filterwarnings("ignore", message=r"(?s).*TensorFloat-32.*")
    warnings.filterwarnings("ignore", message=r".*degrees of freedom is <= 0.*")
    logging.getLogger("faster_whisper").setLevel(logging.ERROR)
    # Only to be seen in logs: lightning announces checkpoint upgrades that are harmless.
    logging.getLogger("lightning.pytorch.utilities.migration.utils").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def telemetry_is_off() -> bool:
    """True when pyannote's own switch, as it reads it, is off in this process."""
    prepare()
    from pyannote.audio.telemetry.metrics import is_metrics_enabled  # noqa: PLC0415 - only after prepare()

    return not is_metrics_enabled()


def set_threads(count: int) -> None:
    """Let torch use `count` threads in this process (CTranslate2 takes its own count at load)."""
    import torch  # noqa: PLC0415 - heavy, and only after prepare()

    torch.set_num_threads(count)


def compute_types(device: str) -> tuple[str, ...]:
    """How the recogniser can compute on a device (cpu or cuda), of the ways that the settings allow."""
    prepare()
    import ctranslate2  # noqa: PLC0415 - only after prepare()

    able = ctranslate2.get_supported_compute_types(device)
    return tuple(name for name in ("int8", "int8_float16", "float16", "float32") if name in able)


def _stub_torchaudio_extension() -> None:
    """Stand in for torchaudio's compiled extension where the torch build has no CUDA.

    The only torchaudio build on the package index is linked against CUDA and fails at import beside a CPU torch.
    pyannote.audio uses nothing but its pure Python parts (Kaldi features, resampling), which run without it.
    """
    name = "torchaudio._extension"
    if name in sys.modules or "torchaudio" in sys.modules or find_spec("torch") is None:
        return
    import torch  # noqa: PLC0415 - heavy

    if torch.version.cuda is not None:
        return
    stub = types.ModuleType(name)
    stub.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=lambda function: function,
    )
    sys.modules[name] = stub
