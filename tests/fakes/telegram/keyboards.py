"""Reply markups, refused in Telegram's words."""

from typing import Any

from tests.fakes.telegram.errors import bad_request
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.records import Button, Keyboard

MAX_DATA_BYTES = 64
MAX_BUTTONS = 100
MAX_ROW = 8


def read_keyboard(params: Params) -> tuple[Keyboard, dict[str, Any]]:
    """The inline keyboard of a call and, apart from it, any other kind of reply markup.

    Raises:
        ApiError: The markup is none, or a button breaks the rules.
    """
    markup = params.decoded("reply_markup")
    if markup is None:
        return (), {}
    if not isinstance(markup, dict):
        raise bad_request("Object expected as reply markup")
    if "inline_keyboard" not in markup:
        return (), markup
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    keyboard = tuple(tuple(_button(source) for source in row)[:MAX_ROW] for row in rows)
    keyboard = tuple(
        row for row in (tuple(button for button in row if button.label) for row in keyboard) if row
    )
    if sum(map(len, keyboard)) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return keyboard, {}


def _button(source: object) -> Button:
    if not isinstance(source, dict):
        raise bad_request("Can't parse InlineKeyboardButton: expected an Object")
    label, data, url = source.get("text"), source.get("callback_data"), source.get("url")
    if not isinstance(label, str):
        raise bad_request("Can't parse InlineKeyboardButton: Can't find field \"text\"")
    if url:
        return Button(label, url=_checked_url(str(url)))
    if not data:
        raise bad_request(
            "Can't parse InlineKeyboardButton: Text buttons are not allowed in the inline keyboard"
        )
    if len(str(data).encode("utf-8", "surrogatepass")) > MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    return Button(label, data=str(data))


def _checked_url(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if separator and (scheme not in {"http", "https", "tg"} or ("." not in rest and scheme != "tg")):
        raise bad_request(f"Inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")
    return url
