"""Call-quality analytics for hospital call centres: from a recording to a scored, explained call."""

__version__ = "0.1.0"
