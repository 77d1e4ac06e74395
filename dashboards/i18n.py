"""One catalogue of everything that staff read, Chinese first, English beside it: texts/*.yaml, a file for each page.

A line is `key: {zh: "…", en: "…"}`; names in braces are filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from ruamel.yaml import YAML

from pipeline.errors import ConfigError

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def load_catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every text by key, each with `zh` and `en`.

    Raises ConfigError naming file and key of a text that lacks a language or is there twice.
    """
    catalogue: dict[str, Mapping[str, str]] = {}
    for file in sorted(files("dashboards").joinpath("texts").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml"):
            continue
        for key, texts in YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")).items():
            missing = [language for language in LANGUAGES if not (isinstance(texts, dict) and texts.get(language))]
            if missing:
                raise ConfigError(
                    f"dashboards/texts/{file.name}: {key} has no {' and no '.join(missing)} text; write it"
                )
            if key in catalogue:
                raise ConfigError(f"dashboards/texts/{file.name}: {key} is in another file too; keep one of them")
            catalogue[key] = texts
    return catalogue


@dataclass(frozen=True, slots=True)
class Translator:
    """Looks texts up in one language: `t("calls.found", count=3)`, `t.code("family", "silence")`."""

    language: Language
    catalogue: Mapping[str, Mapping[str, str]]

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its `{names}` filled in. Raises KeyError for a key that is not in the catalogue."""
        text = self.catalogue[key][self.language]
        return text.format(**values) if values else text

    def code(self, kind: str, code: str | None) -> str:
        """The name of a code (family, reason, …); a code without a text is shown as it is, nothing is hidden."""
        if code is None:
            return self("common.none")
        texts = self.catalogue.get(f"{kind}.{code}")
        return texts[self.language] if texts else code

    def pick(self, zh: str, en: str) -> str:
        """The one of two texts that comes with its own translation, as scorecards do."""
        return zh if self.language == "zh" else en


def translator(language: Language) -> Translator:
    return Translator(language, load_catalogue())
