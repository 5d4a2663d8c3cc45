"""From bytes to text: UTF-8, UTF-16 with its mark, GB18030, or an honest no."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from memory.importing.problems import NotText

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"  # soft hyphens, zero width, byte order marks
    "\u202a-\u202e"  # direction overrides: a quote that holds one would turn the words around it
    "]+"
)
_ODD = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ue000-\uf8ff\ufffe\uffff]")
_HAN_IN_LATIN = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?=[A-Za-z])")
_ODD_SHARE = 0.01
_BROKEN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text with nothing unseen in it; ``broken`` of its characters became U+FFFD."""

    text: str
    broken: int = 0


def decode(data: bytes) -> Decoded:
    """The text of a file.

    A file in UTF-8 with a few broken bytes (cut off by a download, say) is still UTF-8: read as GB18030 it
    would become another text. And what GB18030 accepts but nobody writes (Big5, Latin-1, pictures) is not
    text.

    Raises:
        NotText: it is in none of the encodings, or not text at all.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _check(data[len(mark) :].decode(encoding, "replace"))
    try:
        return _check(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    mended = data.decode("utf-8", "replace")
    broken = mended.count("\ufffd")
    if broken <= _BROKEN_SHARE * sum(character > "\x7f" for character in mended):
        return _check(mended)
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        raise NotText from None
    if not _is_plausible_chinese(text):
        raise NotText
    return _check(text)


def clean(text: str) -> str:
    """The text without what nobody sees; right-to-left text and heaps of accents stay as they are.

    Joiners (U+200C, U+200D) stay because emoji, Persian and Hindi are written with them, direction marks
    because Hebrew and Arabic are. Half of a surrogate pair, which JSON can carry, becomes U+FFFD.
    """
    text = _UNSEEN.sub("", _LINE_END.sub("\n", text))
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_name(name: str) -> str:
    """A file name fit to be shown: one line, nothing unseen, accents composed as Windows and Linux do."""
    return unicodedata.normalize("NFC", " ".join(clean(name).split()))


def _check(text: str) -> Decoded:
    broken = text.count("\ufffd")
    if len(_ODD.findall(text)) > _ODD_SHARE * len(text) + 4 or broken > _BROKEN_SHARE * len(text) + 4:
        raise NotText
    return Decoded(clean(text), broken)


def _is_plausible_chinese(text: str) -> bool:
    foreign = sum(character > "\x7f" for character in text)
    private = sum("\ue000" <= character <= "\uf8ff" for character in text)
    lonely = len(_HAN_IN_LATIN.findall(text))
    return private <= _ODD_SHARE * foreign and 2 * lonely <= foreign
