"""Every error this project raises on purpose. A message names the file, the value, the limit and the remedy."""


class CallQaError(Exception):
    """Base of all errors that are shown to a person as one clear message."""


class ConfigError(CallQaError):
    """A setting, a rulebook or a command line that cannot be used."""


class AudioError(CallQaError):
    """A recording that cannot be decoded or lies outside the limits."""


class EngineError(CallQaError):
    """Model weights that are missing or damaged, or a model that failed."""


class RuleError(ConfigError):
    """A rule, scorecard or lexicon file that is not valid; the message carries file and line."""


class StoreError(CallQaError):
    """A store that cannot be read or written."""
