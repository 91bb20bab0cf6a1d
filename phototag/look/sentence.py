"""Is a describer's text a sentence that may stand under a photo?

The decision here: a caption looks like prose or it is none. Three words with letters (two in scripts without spaces),
mostly letters, and nothing that a program reads: a model that echoes what is written in a photo, its prompt's form or
a page's source says nothing of the picture. Refused: mending such a text by cutting pieces out of it.
"""

from __future__ import annotations

import re
import unicodedata

_WORDS = 3
_UNSPACED = 4  # letters that make two words where no space does
# Thai, Lao, Tibetan, Burmese, Khmer, kana, Han.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LETTER_SHARE = 0.5  # of what is seen; dates, prices and the numbers on shirts are the rest

_NO_PROSE = re.compile(
    r"<[a-z/!?]|[-/]>|[\\`=^|]|\]\(|\*\*|__|~~|&#?\w+;"  # markup
    r"|\{\s*[\"'{%]|\{\s*\w+\s*:|\$[(\w]*[({]|\w\(\)"  # templates, code
    r"|://|\bwww\.|\b(?:mailto|javascript|data|file):\S"  # addresses
    r"|(?:^|\s)[~.]{0,2}/\w|\b[a-z]:/|(?:^|\s)(?=\S*[^\W\d])[^\s/]+/[^\s/]+/\S"  # paths; a date with slashes is none
    r"|\b[\w-]+\.(?:jpe?g|png|gif|heic|tiff?|webp|raw|dng|xmp|exe|bat|sh|py|js|php|html?|json|sql|txt)\b"
    r"|(?:^|\s)--?[a-z]|^\s*[#\[]|[;:]\s*$|//|/\*|\*/",  # options, headings, lists, statements
    re.IGNORECASE,
)


def is_sentence(text: str) -> bool:
    """Does the text read like something that a person would write under a photo?"""
    if _NO_PROSE.search(text):
        return False
    seen = [letter for letter in text if not letter.isspace()]
    letters = sum(unicodedata.category(letter)[0] in "LM" for letter in seen)
    if letters <= _LETTER_SHARE * len(seen):
        return False
    words = sum(any(map(str.isalpha, word)) for word in text.split())
    return words >= _WORDS or len(_WITHOUT_SPACES.findall(text)) >= _UNSPACED
