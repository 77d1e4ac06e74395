"""The settings as frozen, validated values. The shipped values live in default.yaml and nowhere else."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.config import shipped_files
from pipeline.errors import ConfigError

Positive = Annotated[float, Field(gt=0)]
Ratio = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelSettings(Section):
    cache_dir: Path | None
    whisper: str
    allow_hub: bool
    device: Literal["cpu", "cuda"]
    compute_type: Literal["int8", "int8_float16", "float16", "float32"]

    @property
    def folder(self) -> Path:
        """Where assembled weights lie: the setting, else CALLQA_MODELS, else the user's cache folder."""
        chosen = self.cache_dir or os.environ.get("CALLQA_MODELS")
        return Path(chosen) if chosen else platformdirs.user_cache_path("callqa") / "models"


class AudioSettings(Section):
    max_duration_s: Positive
    max_file_bytes: Annotated[int, Field(gt=0)]
    max_samples_bytes: Annotated[int, Field(gt=0)]
    min_duration_s: Positive
    engine_rate_hz: Literal[16000]
    dual_mono_max_difference_db: float
    dead_channel_dbfs: float


class TranscriptionSettings(Section):
    language: str
    beam_size: Annotated[int, Field(ge=1, le=10)]
    batch_windows: Annotated[int, Field(ge=1, le=64)]
    window_s: Annotated[float, Field(gt=1, le=30)]
    gap_s: Annotated[float, Field(ge=0, le=2)]
    level_dbfs: Annotated[float, Field(le=-3, ge=-60)]
    max_gain_db: Annotated[float, Field(ge=0, le=60)]
    min_turn_s: Positive
    max_compression_ratio: Positive
    min_avg_logprob: float
    max_no_speech_prob: Ratio
    temperatures: tuple[Ratio, ...]
    max_characters_per_s: Positive


class DiarizationSettings(Section):
    step_ratio: Annotated[float, Field(gt=0, le=1)]
    embedding_window_s: Positive
    embedding_hop_s: Positive
    min_speakers: Annotated[int, Field(ge=1, le=4)]
    max_speakers: Annotated[int, Field(ge=1, le=4)]
    min_turn_s: Positive
    merge_gap_s: Annotated[float, Field(ge=0)]


class SpellingSettings(Section):
    enabled: bool
    min_probability: Ratio
    lexicons: tuple[Path, ...]


class RoleSettings(Section):
    min_confidence: Ratio


class MeasureSettings(Section):
    min_level_speech_s: Positive
    min_rate_characters: Annotated[int, Field(ge=1)]
    min_pitch_voiced_s: Positive
    min_silence_s: Positive
    min_snr_db: float
    max_clipping_ratio: Ratio
    loudness_jump_db: Positive
    interruption_min_overlap_s: Positive
    backchannel_max_s: Positive
    spl_offset_db: float
    line_spl_offsets_db: dict[str, float]


class RuleSettings(Section):
    rules_dir: Path | None
    scorecard: Path | None
    lexicon_dir: Path | None
    activated: str | None


class FilenamePattern(Section):
    name: str
    regex: str
    started_format: str

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value


class MetadataSettings(Section):
    required: bool
    timezone: str
    caller_hash_key_file: Path | None
    filename_patterns: tuple[FilenamePattern, ...]


class BatchSettings(Section):
    inbox: tuple[Path, ...] | Path | None
    workers: Annotated[int, Field(ge=1, le=64)]
    threads_per_worker: Annotated[int, Field(ge=1, le=64)]
    call_timeout_factor: Positive
    call_timeout_floor_s: Positive
    max_attempts: Annotated[int, Field(ge=1, le=10)]
    calls_per_worker: Annotated[int, Field(ge=1)]
    snapshots_kept: Annotated[int, Field(ge=1)]
    stop_after_s: Positive | None


class DashboardSettings(Section):
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    language: Literal["zh", "en"]
    audio_link_s: Positive
    loudness_band_db: tuple[Positive, Positive]
    rate_band_cpm: tuple[Positive, Positive]
    ranking_min_calls: Annotated[int, Field(ge=2, le=100_000)]
    memory_gb: Annotated[float, Field(ge=0.25, le=4096)]


class ReviewSettings(Section):
    """What people do with results. appeal_days: how long an agent may appeal against one.

    task_lock_s: a claimed task is the claimer's alone for so long. sample_*: what a new sampling plan begins with.
    """

    appeal_days: Positive
    task_lock_s: Annotated[float, Field(ge=60, le=86_400)]
    sample_calls: Annotated[int, Field(ge=1, le=500)]
    sample_due_days: Annotated[int, Field(ge=1, le=365)]


class OidcSettings(Section):
    """An identity provider (OpenID Connect, code flow). roles: its group -> our role, the first that fits counts."""

    metadata_url: str | None
    client_id: str | None
    client_secret_file: Path | None
    redirect_url: str | None
    scopes: Annotated[str, Field(min_length=1)]
    name_claim: Annotated[str, Field(min_length=1)]
    display_claim: Annotated[str, Field(min_length=1)]
    groups_claim: Annotated[str, Field(min_length=1)]
    agent_claim: Annotated[str, Field(min_length=1)]
    roles: dict[str, Literal["reviewer", "supervisor", "agent", "admin"]]
    timeout_s: Annotated[float, Field(gt=0, le=60)]


class AuthSettings(Section):
    """Who the dashboard believes.

    mode: none (loopback only), local accounts, a proxy that has signed people in, or an identity provider.
    """

    mode: Literal["none", "local", "proxy", "oidc"]
    session_s: Positive
    max_failures: Annotated[int, Field(ge=1, le=1000)]
    lockout_s: Positive
    proxy_header: Annotated[str, Field(min_length=1)]
    trusted_proxies: tuple[str, ...]
    oidc: OidcSettings


class Settings(Section):
    """All settings. `home` is the data folder: the argument, else CALLQA_HOME, else ./data."""

    home: Path
    models: ModelSettings
    audio: AudioSettings
    transcription: TranscriptionSettings
    diarization: DiarizationSettings
    spelling: SpellingSettings
    roles: RoleSettings
    measures: MeasureSettings
    rules: RuleSettings
    metadata: MetadataSettings
    batch: BatchSettings
    dashboard: DashboardSettings
    auth: AuthSettings
    review: ReviewSettings


def load_settings(home: Path | None = None, config: Path | None = None) -> Settings:
    """The shipped settings with the user's file laid over them.

    home: data folder; None: CALLQA_HOME, else ./data. config: the user's file; None: CALLQA_CONFIG, else
    callqa.yaml in the data folder if there is one. Raises ConfigError naming file, setting, value and what is allowed.
    """
    home = (home or Path(os.environ.get("CALLQA_HOME") or "data")).absolute()
    named = config or (Path(os.environ["CALLQA_CONFIG"]) if os.environ.get("CALLQA_CONFIG") else None)
    if named is not None and not named.is_file():
        raise ConfigError(f"settings file {named} does not exist; create it or unset CALLQA_CONFIG / --config")
    path = named or home / "callqa.yaml"
    values = _read_yaml(shipped_files.text("default.yaml"), "default.yaml")
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"settings file {path} cannot be read: {error}; it must be UTF-8 text") from error
        values = _merge(values, _read_yaml(text, str(path)))
    try:
        return Settings.model_validate({**values, "home": home})
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(p) for p in e['loc'])} = {e['input']!r}: {e['msg']}"
            for e in error.errors(include_url=False)
        ]
        raise ConfigError(
            f"{path} has {error.error_count()} invalid setting(s); see pipeline/config/default.yaml for all names:\n"
            + "\n".join(lines)
        ) from error


def _read_yaml(text: str, name: str) -> dict[str, Any]:
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ConfigError(f"{name} is not valid YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{name} must hold settings by section, not a {type(values).__name__}")
    return values


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and key != "line_spl_offsets_db":
            merged[key] = _merge(below, value)
        else:
            merged[key] = value
    return merged
