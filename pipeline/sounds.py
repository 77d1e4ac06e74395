"""Sounds as text: one code character for each spoken character, so that sounds are searched like words.

    encode("不知道，CT")  ->  five characters: the codes of bu, zhi, dao, then "c" and "t"

Code characters are stored with the calls, so their table is fixed: a syllable that is missing is appended at its end,
nothing is ever moved. Tones are left out and ü is v, as in `pipeline.text.syllables`. Digits sound as their syllable,
Latin letters are themselves in lower case, everything whose sound is not known is UNKNOWN.

Distance: a syllable is an initial and a final (strict scheme: yi = "" + i, wei = "" + uei). Pairs that telephone lines
and dialects blur cost little, any other initial or final OTHER_COST. A syllable that shares neither, or one more or
less, costs INDEL_COST: so much that a phrase of three syllables cannot bear it.
"""

import re
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pypinyin.contrib.tone_convert import to_finals, to_initials

from pipeline.text import is_han, normalise, syllables

UNKNOWN = "\uf8ff"
WALL = "\n"  # between texts that are searched as one: like nothing, and no phrase goes through it
OTHER_COST = 0.5
INDEL_COST = 1.1
WALL_COST = 9.0

_FIRST = 0xE000  # private use area: no text has these
# Append only. The place of a syllable is its code for ever.
_SYLLABLES = tuple(
    """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biang biao bie bin bing bo bong bu ca cai can cang cao
ce cei cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun
chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die din ding diu dong
dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen
geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hm hng hong hou hu hua huai
huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke kei
ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei len leng li lia lian liang liao
lie lin ling liu lo long lou lu luan lun luo lv lve m ma mai man mang mao me mei men meng mi mian miao mie min
ming miu mo mou mu n na nai nan nang nao ne nei nen neng ng ni nia nian niang niao nie nin ning niu nong nou nu
nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang
qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai
san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui
shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti tian tiao tie ting tong tou tu tuan
tui tun tuo wa wai wan wang wei wen weng wo wong wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue
xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan
zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui
zun zuo ê
""".split()  # noqa: SIM905 - 426 quoted syllables would fill the page
)
_LONGEST_SYLLABLE = 6  # zhuang
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

_Pairs = tuple[tuple[float, str], ...]
_INITIAL_PAIRS: _Pairs = (
    (0.1, "z/zh c/ch s/sh"),
    (0.15, "n/l"),
    (0.2, "f/h b/p d/t g/k z/c zh/ch"),
    (0.25, "j/q j/x q/x ch/sh c/s r/l zh/c z/ch c/sh ch/s"),
)
_FINAL_PAIRS: _Pairs = (
    (0.1, "in/ing en/eng an/ang ian/iang uan/uang uen/ueng"),
    (0.2, "e/o e/uo o/uo ou/u ie/ve i/v ian/in uen/en uei/ei ua/a ao/ou"),
)


def encode(text: str) -> str:
    """The sounds of any text: one code character for each spoken character of `normalise(text)`."""
    plain = normalise(text)
    codes = _codes()
    return "".join(
        codes.get(s.sound, UNKNOWN) if is_han(plain[s.index]) or plain[s.index].isdigit() else _letter(s.sound)
        for s in syllables(plain)
    )


def spelled(typed: str) -> str | None:
    """The codes of pinyin as people type it ("bu zhidao", "bù zhī dào", "lv2", "nü'er"); None when it is none.

    Tones are left out. What is written together is cut into as few syllables as possible (xian, not xi an): a space or
    an apostrophe parts them.
    """
    plain = unicodedata.normalize("NFD", typed.lower().replace("ü", "v").replace("u:", "v"))
    plain = re.sub("u\u0308[\u0300-\u036f]*", "v", plain)
    plain = re.sub("[\u0300-\u036f]", "", plain)
    groups = re.split(r"[\s'’\-]+", re.sub(r"(?<=[a-z])[1-5](?![0-9])", " ", plain).strip())
    found = [_cut(group) for group in groups if group]
    if not found or None in found:
        return None
    return "".join(_codes()[name] for names in found if names is not None for name in names)


def _cut(letters: str) -> tuple[str, ...] | None:
    """A group of letters as the fewest syllables, None when it cannot be cut into syllables."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(letters) + 1):
        ways = [
            (*before, letters[start:end])
            for start in range(max(0, end - _LONGEST_SYLLABLE), end)
            if (before := best[start]) is not None and letters[start:end] in _codes()
        ]
        best.append(min(ways, key=len, default=None))
    return best[-1]


def decode(codes: str) -> tuple[str, ...]:
    """The syllables and letters that these code characters stand for; "?" where the sound is not known."""
    return tuple(_SYLLABLES[ord(c) - _FIRST] if _is_syllable(c) else "?" if c == UNKNOWN else c for c in codes)


def numbers(codes: str) -> NDArray[np.intp]:
    """Code characters (WALL included) as rows and columns of `costs`, one each."""
    found: NDArray[np.intp] = _numbers()[np.frombuffer(codes.encode("utf-32-le"), "<u4")]
    return found


@cache
def costs() -> NDArray[np.float64]:
    """What it costs to hear one sound for another, both as in `numbers`: 0 for the same, WALL_COST at a wall."""
    parts = [_parts(name) for name in (*_SYLLABLES, *_LETTERS)]
    both = _costs([p[0] for p in parts], _INITIAL_PAIRS) + _costs([p[1] for p in parts], _FINAL_PAIRS)
    table = np.full((len(parts) + 2, len(parts) + 2), WALL_COST)  # the last two: UNKNOWN and WALL
    table[:-1, :-1] = INDEL_COST
    table[:-2, :-2] = np.where(both < 2 * OTHER_COST, both, INDEL_COST)
    table.flags.writeable = False  # one for all
    return table


def distance(a: str, b: str) -> float:
    """Mean cost of hearing one for the other, per syllable; a, b: as many code characters each, at least one."""
    return float(costs()[numbers(a), numbers(b)].mean())


@cache
def _codes() -> dict[str, str]:
    return {name: chr(_FIRST + place) for place, name in enumerate(_SYLLABLES)}


def _letter(sound: str) -> str:
    return sound if sound in _LETTERS else UNKNOWN


def _is_syllable(code: str) -> bool:
    return _FIRST <= ord(code) < _FIRST + len(_SYLLABLES)


@cache
def _numbers() -> NDArray[np.intp]:
    syllable_count, letter_count = len(_SYLLABLES), len(_LETTERS)
    table = np.full(ord(UNKNOWN) + 1, syllable_count + letter_count, np.intp)
    table[_FIRST : _FIRST + syllable_count] = np.arange(syllable_count)
    table[ord("a") : ord("z") + 1] = syllable_count + np.arange(letter_count)
    table[ord(WALL)] = syllable_count + letter_count + 1
    return table


def _parts(sound: str) -> tuple[str, str]:
    """Initial and final in the strict scheme; ü is v."""
    return to_initials(sound, strict=True), to_finals(sound, strict=True, v_to_u=False)


@cache
def _pairs(listed: _Pairs) -> dict[frozenset[str], float]:
    return {frozenset(pair.split("/")): cost for cost, pairs in listed for pair in pairs.split()}


def _costs(parts: list[str], listed: _Pairs) -> NDArray[np.float64]:
    """What it costs to hear each part for each other; (parts, parts)."""
    kinds = sorted(set(parts))
    pairs = _pairs(listed)
    table = [[0.0 if a == b else pairs.get(frozenset((a, b)), OTHER_COST) for b in kinds] for a in kinds]
    chosen = np.array([kinds.index(part) for part in parts])
    costs_of_parts: NDArray[np.float64] = np.array(table)[np.ix_(chosen, chosen)]
    return costs_of_parts
