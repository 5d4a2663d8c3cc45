"""One piece to Telegram, with the second tries that Telegram's refusals allow."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from telegram import InputFile, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.pictures import draw_png

if TYPE_CHECKING:
    from telegram import Bot

    from bot.telegram.render import Piece

log = logging.getLogger(__name__)

LARGEST_FILE = 50 * 1024 * 1024  # bytes, the cloud Bot API's bound for uploads
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_NOT_EDITABLE = ("message to edit not found", "message can't be edited", "there is no text in the message")


class FileUnsendable(Exception):
    """The file is not there any more, is empty, or is larger than Telegram takes."""


async def send_piece(bot: Bot, chat_id: int, piece: Piece) -> int | None:
    """Sends it, or changes the message that it edits.

    A refusal means that nothing was sent, so each of these is tried again at once: markup that cannot be read
    goes as plain text, a quote that is refused goes without the quote, a message that is gone is not edited
    but sent.

    Returns:
        Telegram's id of the message; None where there was nothing left to do.

    Raises:
        TelegramError: See ``failure``.
        FileUnsendable: There is a document that cannot be sent, and nothing to say instead.
    """
    html = True
    while True:
        try:
            return await _call(bot, chat_id, piece, html=html)
        except BadRequest as error:
            refusal = str(error).lower()
            if piece.edit and "message is not modified" in refusal:
                return piece.edit
            if piece.edit and any(words in refusal for words in _NOT_EDITABLE):
                if not piece.text:
                    return None  # a keyboard for a message that is gone
                piece = replace(piece, edit=None)
            elif html and "parse entities" in refusal:
                html = False
            elif piece.reply and ("quote" in refusal or "repl" in refusal):
                piece = replace(piece, reply=_lesser(piece.reply))
            else:
                raise


def _lesser(reply: ReplyParameters) -> ReplyParameters | None:
    """The reply without its quote, and at last no reply."""
    if reply.quote is None:
        return None
    return ReplyParameters(reply.message_id, allow_sending_without_reply=True)


async def _call(bot: Bot, chat_id: int, piece: Piece, *, html: bool) -> int | None:
    mode = ParseMode.HTML if html else None
    text = piece.html if html else piece.text
    if piece.document is not None:
        return await _send_document(bot, chat_id, piece, text, mode)
    picture = await _draw(piece)
    if picture is not None:
        sent = await bot.send_photo(
            chat_id,
            InputFile(picture, filename="review.png"),
            caption=text,
            parse_mode=mode,
            reply_markup=piece.keyboard,
            reply_parameters=piece.reply,
        )
        return sent.message_id
    if piece.edit:
        await _edit(bot, chat_id, piece, text, mode)
        return piece.edit
    sent = await bot.send_message(
        chat_id,
        text,
        parse_mode=mode,
        reply_markup=piece.keyboard,
        reply_parameters=piece.reply,
        link_preview_options=_NO_PREVIEW,
    )
    return sent.message_id


async def _draw(piece: Piece) -> bytes | None:
    """The piece's picture, if it has one."""
    if piece.figure is None:
        return None
    try:
        return await asyncio.to_thread(draw_png, piece.figure)
    except Exception as error:  # noqa: BLE001  # a broken font must not hold up a chat: the words go alone
        log.error("a picture cannot be drawn: %s", type(error).__name__)  # noqa: TRY400  # the type says it
        return None


async def _send_document(bot: Bot, chat_id: int, piece: Piece, text: str, mode: str | None) -> int:
    path = piece.document or Path()
    content = await asyncio.to_thread(_read, path)
    if content is None:
        if not piece.instead:
            raise FileUnsendable
        sent = await bot.send_message(chat_id, piece.instead, parse_mode=None, reply_markup=piece.keyboard)
        return sent.message_id
    sent = await bot.send_document(
        chat_id,
        InputFile(content, filename=path.name),
        caption=text or None,
        parse_mode=mode,
        reply_markup=piece.keyboard,
        reply_parameters=piece.reply,
    )
    return sent.message_id


def _read(path: Path) -> bytes | None:
    """The file; None when it cannot be sent. Blocking."""
    try:
        return path.read_bytes() if 0 < path.stat().st_size <= LARGEST_FILE else None
    except OSError:
        return None


async def _edit(bot: Bot, chat_id: int, piece: Piece, text: str, mode: str | None) -> Message | bool:
    if not piece.text:
        return await bot.edit_message_reply_markup(
            chat_id=chat_id, message_id=piece.edit, reply_markup=piece.keyboard
        )
    return await bot.edit_message_text(
        text,
        chat_id=chat_id,
        message_id=piece.edit,
        parse_mode=mode,
        reply_markup=piece.keyboard,
        link_preview_options=_NO_PREVIEW,
    )
