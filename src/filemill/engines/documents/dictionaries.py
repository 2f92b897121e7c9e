"""Whether a language has a word: by Hunspell and the dictionaries that the machine has for it.

Hunspell comes with LibreOffice. It lies in our own process, so only short words of letters go into it. A dictionary is
read once per process, when a text in its language first asks for a word.
"""

import ctypes
import glob
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Protocol

_FOLDER = Path("/usr/share/hunspell")
_LONGEST = 60

_FILES = {
    "de": "de_DE",
    "en": "en_US",
    "es": "es_ES",
    "fr": "fr",
    "it": "it_IT",
    "nl": "nl",
    "pl": "pl_PL",
    "pt": "pt_PT",
    "ru": "ru_RU",
}
_SMALL_WORDS = {
    "de": "der die und das den von zu mit ist des nicht ein eine auf für dem sich werden auch wird",
    "en": "the of and to in is that for it was with as on be are this by from or which",
    "es": "el los las una con por para del que como más pero su al es se lo no sus este",
    "fr": "les des une dans est que pour qui sur pas au avec ce il sont par plus aux cette être",
    "it": "il di che è un una per della con non del gli sono alla nel dei anche più le dal",
    "nl": "het een van en is dat niet op te zijn voor met aan door bij ook naar uit wordt maar",
    "pl": "nie się na jest że do to jak ale po przez dla od oraz jego być tym może które ich",
    "pt": "os uma com não para em do da por mais dos como mas foi ao ele das tem à seu",
    "ru": "и в не на что с по как это из у за от для так но же к он или",  # noqa: RUF001
}
"""The words that a text in a language has most of: they tell the language."""

_AND = {
    "de": "und oder bis sowie bzw als",
    "en": "and or to",
    "es": "y o e u",
    "fr": "et ou",
    "it": "e o ed",
    "nl": "en of tot",
    "pl": "i lub oraz",
    "pt": "e ou",
    "ru": "и или",
}
_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 20_000
_LEAST = 0.04
"""Of all words, those that tell the language; a text has a fifth at least, a list of names none."""


class Words(Protocol):
    """What a text's language knows."""

    def __contains__(self, word: str) -> bool:
        """Whether the language has this word."""

    def joins(self, word: str) -> bool:
        """Whether this word joins two others, as `and` does."""


def of(text: str) -> Words | None:
    """The words of the language that a text is in; None where the language or its dictionary is not known."""
    counts = Counter(word.lower() for word in _WORD.findall(text[:_LOOKED_AT]))
    total = sum(counts.values())
    shares = {language: sum(counts[word] for word in words.split()) for language, words in _SMALL_WORDS.items()}
    language = max(shares, key=shares.__getitem__)
    return _dictionary(language) if shares[language] > _LEAST * total else None


class _Dictionary:
    """One language's words."""

    def __init__(self, library: ctypes.CDLL, name: Path, language: str) -> None:
        self._library = library
        paths = (str(name.with_suffix(suffix)).encode() for suffix in (".aff", ".dic"))
        self._handle = ctypes.c_void_p(library.Hunspell_create(*paths))
        self._encoding = library.Hunspell_get_dic_encoding(self._handle).decode()
        self._joining = frozenset(_AND[language].split())

    def __contains__(self, word: str) -> bool:
        if len(word) > _LONGEST or not word.isalpha():
            return False
        try:
            return bool(self._library.Hunspell_spell(self._handle, word.encode(self._encoding)))
        except (UnicodeEncodeError, LookupError):
            return False

    def joins(self, word: str) -> bool:
        return word.lower() in self._joining


@cache
def _dictionary(language: str) -> _Dictionary | None:
    library, name = _library(), _FOLDER / _FILES[language]
    if library is None or not all(name.with_suffix(suffix).exists() for suffix in (".aff", ".dic")):
        return None
    return _Dictionary(library, name, language)


@cache
def _library() -> ctypes.CDLL | None:
    """Hunspell, as the machine has it."""
    found = sorted(glob.glob("/usr/lib/*/libhunspell-*.so.*"))
    if not found:
        return None
    library = ctypes.CDLL(found[-1])
    library.Hunspell_create.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    library.Hunspell_create.restype = ctypes.c_void_p
    library.Hunspell_spell.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    library.Hunspell_get_dic_encoding.argtypes = (ctypes.c_void_p,)
    library.Hunspell_get_dic_encoding.restype = ctypes.c_char_p
    return library
