"""The rule language: load, validate, match, explain."""

from pipeline.rules.load import load_rulebook, rulebook_of
from pipeline.rules.rulebook import Rule, Rulebook

__all__ = ["Rule", "Rulebook", "load_rulebook", "rulebook_of"]
