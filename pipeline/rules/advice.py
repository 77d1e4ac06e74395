"""What is odd in a rulebook though it works: `callqa rules check` tells it, and lets it pass.

- a phrase that holds another phrase of the same list, which is heard there anyway
- two rules of one role and family whose examples all hit both
- a phrase that differs from another one or from a word of the lexicon by one character of the same sound
- a set or a condition that nothing asks for
"""

from collections.abc import Iterator
from itertools import combinations

from pipeline.config.terms import load_terms
from pipeline.config.yaml_source import Place
from pipeline.rules.check import Problem, example_views
from pipeline.rules.phrases import Phrase, PhraseList
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.spoken import CallView
from pipeline.sounds import encode

# Characters of one sound of which either is right where the other is.
_EITHER = (
    "他她它",
    "哪那",
    "的得地",
    "吗嘛么",
    "啊阿呵",
    "帐账",
    "像象",
    "做作",
    "在再",
    "须需",
    "一幺",
    "两俩",
    "份分",
    "零〇",
)
_LEXICON_WINDOW = (3, 8)  # characters: shorter words sound like too many others
_PART_MIN_CHARACTERS = 4  # what is only a part of a phrase may run over the end of a word


def advise(rulebook: Rulebook) -> tuple[Problem, ...]:
    """Everything odd. Nothing: ()."""
    return (*_contained(rulebook), *_overlaps(rulebook), *_typos(rulebook), *_unused(rulebook))


def _contained(rulebook: Rulebook) -> Iterator[Problem]:
    for rule in rulebook.rules:
        for words in rule.operator.phrase_lists():
            for longer in words.phrases:
                shorter = next((p for p in words.phrases if _makes_needless(p, longer, words)), None)
                if shorter is not None:
                    yield Problem(
                        rule.rule_id,
                        longer.place,
                        f"phrase {longer.characters} holds {shorter.characters} ({shorter.place}), which is heard "
                        "there anyway; take the longer one out",
                    )


def _makes_needless(shorter: Phrase, longer: Phrase, words: PhraseList) -> bool:
    if shorter is longer or shorter.characters == longer.characters or shorter.characters not in longer.characters:
        return False
    heard = shorter.match == longer.match and shorter.max_distance == longer.max_distance
    by_sound = longer.by_sound and longer.syllables_count >= words.min_syllables
    return (heard and shorter.syllables_count >= words.min_syllables) or not by_sound


def _overlaps(rulebook: Rulebook) -> Iterator[Problem]:
    """Two rules that always speak at once: one of them is enough."""
    views = {
        rule.rule_id: [view for example, view in examples if example.expect == rule.status]
        for rule, examples in example_views(rulebook)
    }
    for one, other in combinations([rule for rule in rulebook.rules if rule.operator.phrase_lists()], 2):
        if (one.role, one.family, one.status) != (other.role, other.family, other.status):
            continue
        if all(_hits(b, view) for a, b in ((one, other), (other, one)) for view in views[a.rule_id]):
            yield Problem(
                other.rule_id,
                other.place,
                f"hits in every hit example of rule {one.rule_id} ({one.place}), and the other way round; join them",
            )


def _hits(rule: Rule, view: CallView) -> bool:
    return any(finding.status == rule.status for finding in rule.judge(view, 0.0))


def _typos(rulebook: Rulebook) -> Iterator[Problem]:
    seen: dict[str, dict[str, Place]] = {}
    told: set[str] = set()
    lexicon = _lexicon_sounds()
    for rule, phrase in _phrases(rulebook):
        characters = phrase.characters
        near = next((w for w in seen.get(phrase.codes, {}) if _one_apart(characters, w)), None)
        where = f"{near} ({seen[phrase.codes][near]})" if near else next(_like_a_term(phrase, lexicon), None)
        seen.setdefault(phrase.codes, {}).setdefault(characters, phrase.place)
        if where and characters not in told:
            told.add(characters)
            yield Problem(
                rule.rule_id,
                phrase.place,
                f"phrase {characters} differs from {where} by one character of the same sound; is it a typing error?",
            )


def _phrases(rulebook: Rulebook) -> Iterator[tuple[Rule, Phrase]]:
    for rule in rulebook.rules:
        for words in rule.lists():
            for phrase in words.phrases:
                yield rule, phrase


def _lexicon_sounds() -> dict[str, str]:
    """The words of the lexicon by their sounds."""
    least, most = _LEXICON_WINDOW
    words = (word for terms in load_terms().values() for word in terms)
    return {encode(word): word for word in words if least <= len(word) <= most}


def _like_a_term(phrase: Phrase, lexicon: dict[str, str]) -> Iterator[str]:
    """Words of the lexicon that a part of the phrase sounds like, but for one character."""
    least, most = _LEXICON_WINDOW
    characters, codes = phrase.characters, phrase.codes
    for length in range(least, min(most, len(characters)) + 1):
        if length < min(_PART_MIN_CHARACTERS, len(characters)):
            continue
        for start in range(len(characters) - length + 1):
            word = lexicon.get(codes[start : start + length])
            if word is not None and _one_apart(characters[start : start + length], word):
                yield f"{word} (lexicon)"


def _one_apart(one: str, other: str) -> bool:
    if len(one) != len(other):
        return False
    apart = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return len(apart) == 1 and not any(apart[0][0] in either and apart[0][1] in either for either in _EITHER)


def _unused(rulebook: Rulebook) -> Iterator[Problem]:
    for definition in rulebook.definitions:
        if not definition.used:
            message = "no rule asks for it; use it or take it out"
            yield Problem(definition.name, definition.place, message, definition.kind)
