"""Settings: typed sections, their shipped values and how a user's file is laid over them."""

from pipeline.config.settings import (
    AudioSettings,
    BatchSettings,
    DashboardSettings,
    DiarizationSettings,
    FilenamePattern,
    MeasureSettings,
    MetadataSettings,
    ModelSettings,
    RoleSettings,
    RuleSettings,
    Settings,
    SpellingSettings,
    TranscriptionSettings,
    load_settings,
)

__all__ = [
    "AudioSettings",
    "BatchSettings",
    "DashboardSettings",
    "DiarizationSettings",
    "FilenamePattern",
    "MeasureSettings",
    "MetadataSettings",
    "ModelSettings",
    "RoleSettings",
    "RuleSettings",
    "Settings",
    "SpellingSettings",
    "TranscriptionSettings",
    "load_settings",
]
