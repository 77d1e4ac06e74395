"""A dialogue typed in by hand, as a call that the rules can judge: `callqa rules try`.

    坐席：您好，市第一人民医院。
    患者：我要投诉。
    静默：12                     # seconds
    坐席：投诉就投诉。

Empty lines and lines that begin with # are passed over. Speech takes 0.25 s a character, roles are certain.
"""

from pipeline.config.yaml_source import Place
from pipeline.errors import RuleError
from pipeline.model import CallFacts, Measures
from pipeline.rules.examples import SPEAKERS, facts_of
from pipeline.rules.rulebook import Example, Line

SILENCE = "静默"
MAX_LINES = 5000
_MAX_SILENCE_S = 3600


def dialogue_facts(text: str, name: str) -> CallFacts:
    """The call that these lines make; `name` stands in errors. Raises RuleError with the line."""
    numbered = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1)]
    written = [(n, line) for n, line in numbered if line and not line.startswith("#")]
    if not written:
        raise RuleError(f"{name}: no line of a dialogue; write lines such as 坐席：您好")
    if len(written) > MAX_LINES:
        raise RuleError(f"{name}: {len(written)} lines; at most {MAX_LINES}: try a part of it")
    place = Place(name, 1)
    lines = tuple(_line(line, f"{name}:{n}") for n, line in written)
    return facts_of(Example(None, lines, Measures(), place))


def _line(line: str, where: str) -> Line:
    speaker, colon, said = line.replace(":", "：", 1).partition("：")
    speaker, said = speaker.strip(), said.strip()
    if colon and said and speaker in SPEAKERS:
        return Line(SPEAKERS[speaker], said)
    if colon and speaker == SILENCE:
        return Line("unknown", "", silence_s=_seconds(said, where))
    raise RuleError(f"{where}: {line!r} must begin with {'：, '.join(SPEAKERS)}： or {SILENCE}：, and say something")


def _seconds(said: str, where: str) -> float:
    try:
        seconds = float(said.removesuffix("秒"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MAX_SILENCE_S:
        raise RuleError(f"{where}: silence of {said!r}; write seconds from 0 to {_MAX_SILENCE_S}: {SILENCE}：12")
    return seconds
