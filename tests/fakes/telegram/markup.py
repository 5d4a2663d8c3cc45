"""HTML as Telegram reads it, refused in Telegram's words.

The rules and the wording follow TDLib's ``parse_html`` (td/telegram/MessageEntity.cpp).
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from tests.fakes.telegram.errors import bad_request
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.text import Entity, Formatted, settle, utf16_length

MAX_SOURCE_BYTES = 1 << 15
_END = "\0"
_SPACES = frozenset(" \t\r\n\v\0")
_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_ENTITY_FIELDS = ("url", "language", "custom_emoji_id", "user")
_NAMED_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#x(?P<hex>[0-9A-Fa-f]+)|#(?P<decimal>[0-9]+)|(?P<name>[A-Za-z]+));?")


def read_formatted(params: Params, text_name: str, mode_name: str, entities_name: str) -> Formatted:
    """The text of a call with its entities, from ``parse_mode`` or an entity list, as it is stored.

    Raises:
        ApiError: The markup cannot be parsed, or the source is longer than 32768 bytes.
    """
    text = params.text(text_name)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_SOURCE_BYTES:
        raise bad_request("Text is too long")
    mode = params.text(mode_name).lower()
    if mode == "html":
        return settle(_HtmlParser(text).parse())
    if mode in {"markdown", "markdownv2"}:
        raise bad_request("the fake Telegram does not parse Markdown, send HTML")
    if mode not in {"", "none"}:
        raise bad_request("Unsupported parse_mode")
    return settle(Formatted(text, _entities_from(params.decoded(entities_name))))


def _entities_from(source: object) -> tuple[Entity, ...]:
    entities = []
    for item in source if isinstance(source, list) else ():
        if not isinstance(item, dict) or not {"type", "offset", "length"} <= item.keys():
            raise bad_request("Can't parse MessageEntity: expected an Object")
        detail = tuple((name, item[name]) for name in _ENTITY_FIELDS if item.get(name) is not None)
        entities.append(Entity(str(item["type"]), int(item["offset"]), int(item["length"]), detail))
    return tuple(entities)


@dataclass(frozen=True)
class _Open:
    tag: str
    argument: str
    offset: int
    text_start: int


class _HtmlParser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._text: list[str] = []
        self._units = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def parse(self) -> Formatted:
        while self._at < len(self._source):
            if self._source[self._at] != "<":
                self._emit(self._next_character())
            elif self._peek(1) == "/":
                self._read_end_tag()
            else:
                self._read_start_tag()
        if self._open:
            raise _refused(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        entities = (replace(mark, detail=()) if mark.type == "code" else mark for mark in self._entities)
        return Formatted("".join(self._text), tuple(entities))

    def _peek(self, ahead: int = 0) -> str:
        index = self._at + ahead
        return self._source[index] if index < len(self._source) else _END

    def _emit(self, character: str) -> None:
        self._text.append(character)
        self._units += utf16_length(character)

    def _next_character(self) -> str:
        """One character, a reference like ``&lt;`` decoded; what cannot be decoded stays as it is."""
        match = _CHARACTER.match(self._source, self._at)
        decoded = _decode(match) if match else ""
        if match and decoded:
            self._at = match.end()
            return decoded
        self._at += 1
        return self._source[self._at - 1]

    def _skip(self, stop: frozenset[str]) -> str:
        start = self._at
        while self._peek() not in stop and self._peek() != _END:
            self._at += 1
        return self._source[start : self._at]

    def _skip_spaces(self) -> None:
        while self._peek() in _SPACES and self._peek() != _END:
            self._at += 1

    def _read_start_tag(self) -> None:
        begin = self._at
        place = f"at byte offset {len(self._source[:begin].encode('utf-8', 'surrogatepass'))}"
        self._at += 1
        tag = self._skip(_SPACES | {">"}).lower()
        if self._peek() == _END:
            raise _refused(f"Unclosed start tag {place}")
        if tag not in _KINDS:
            raise _refused(f'Unsupported start tag "{tag}" {place}')
        argument = ""
        while self._peek() != ">":
            self._skip_spaces()
            if self._peek() == ">":
                break
            name, value = self._read_attribute(tag, place)
            argument = _argument(tag, name, value) or argument
        self._at += 1
        if tag == "span" and argument != "spoiler":
            raise _refused(f'Tag "span" must have class "tg-spoiler" {place}')
        self._open.append(_Open(tag, argument, self._units, len(self._text)))

    def _read_attribute(self, tag: str, place: str) -> tuple[str, str]:
        name = self._skip(_SPACES | frozenset("=>/\"'"))
        if not name:
            raise _refused(f'Empty attribute name in the tag "{tag}" {place}')
        self._skip_spaces()
        if self._peek() == _END:
            raise _refused(f'Unclosed start tag "{tag}" {place}')
        if self._peek() != "=":
            return name, ""
        self._at += 1
        self._skip_spaces()
        if self._peek() == _END:
            raise _refused(f'Unclosed start tag "{tag}" {place}')
        value = self._read_quoted() if self._peek() in "\"'" else self._read_token()
        if self._peek() == _END:
            raise _refused(f"Unclosed start tag {place}")
        return name, value

    def _read_quoted(self) -> str:
        quote = self._peek()
        self._at += 1
        value = []
        while self._peek() not in {quote, _END}:
            value.append(self._next_character())
        if self._peek() == quote:
            self._at += 1
        return "".join(value)

    def _read_token(self) -> str:
        start = self._at
        while self._peek().isascii() and (self._peek().isalnum() or self._peek() in ".-"):
            self._at += 1
        if self._peek() not in _SPACES | {">"}:
            place = len(self._source[:start].encode("utf-8", "surrogatepass"))
            raise _refused(f"Unexpected end of name token at byte offset {place}")
        return self._source[start : self._at].lower()

    def _read_end_tag(self) -> None:
        place = f"at byte offset {len(self._source[: self._at].encode('utf-8', 'surrogatepass'))}"
        if not self._open:
            raise _refused(f"Unexpected end tag {place}")
        self._at += 2
        name = self._skip(_SPACES | {">"}).lower()
        self._skip_spaces()
        if self._peek() != ">":
            raise _refused(f"Unclosed end tag {place}")
        opened = self._open[-1]
        if name and name != opened.tag:
            raise _refused(f'Unmatched end tag {place}, expected "</{opened.tag}>", found "</{name}>"')
        self._at += 1
        self._open.pop()
        if self._units > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        span = (opened.offset, self._units - opened.offset)
        if opened.tag == "a":
            self._close_link(opened, span)
        elif opened.tag == "tg-emoji":
            if not opened.argument.isdigit() or int(opened.argument) == 0:
                raise _refused("Invalid custom emoji identifier specified")
            self._entities.append(Entity("custom_emoji", *span, (("custom_emoji_id", opened.argument),)))
        elif opened.tag == "blockquote" and opened.argument:
            self._entities.append(Entity("expandable_blockquote", *span))
        elif opened.tag == "pre" and self._entities and _is_code_with_language(self._entities[-1], span):
            self._entities[-1] = replace(self._entities[-1], type="pre")
        else:
            detail = (("language", opened.argument),) if opened.tag == "code" and opened.argument else ()
            self._entities.append(Entity(_KINDS[opened.tag], *span, detail))

    def _close_link(self, opened: _Open, span: tuple[int, int]) -> None:
        url = opened.argument or "".join(self._text[opened.text_start :])
        parts = urlsplit(url)
        if parts.scheme == "tg" and parts.netloc == "user":
            user_id = parse_qs(parts.query).get("id", ["0"])[0]
            user = {"id": int(user_id), "is_bot": False, "first_name": ""}
            self._entities.append(Entity("text_mention", *span, (("user", user),)))
            return
        link = _checked_link(url)
        if link:
            self._entities.append(Entity("text_link", *span, (("url", link),)))


def _refused(reason: str) -> Exception:
    return bad_request(f"Can't parse entities: {reason}")


def _is_code_with_language(mark: Entity, span: tuple[int, int]) -> bool:
    return mark.type == "code" and bool(mark.detail) and (mark.offset, mark.length) == span


def _decode(match: re.Match[str]) -> str:
    if match["name"]:
        return _NAMED_CHARACTERS.get(match["name"], "")
    code = int(match["hex"], 16) if match["hex"] else int(match["decimal"])
    is_character = 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character and len(match.group().rstrip(";")) < 10 else ""


def _argument(tag: str, name: str, value: str) -> str:
    if (tag, name) == ("a", "href") or (tag, name) == ("tg-emoji", "emoji-id"):
        return value
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if (tag, name) == ("blockquote", "expandable"):
        return "1"
    return ""


def _checked_link(url: str) -> str:
    """A link as Telegram normalises it; nothing when it is none, and then the mark is dropped."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme in {"tg", "ton", "tonsite"}:
        return url
    if parts.scheme not in {"http", "https"} or "." not in parts.netloc or " " in url:
        return ""
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/").geturl()
