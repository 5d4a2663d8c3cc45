"""The fake Telegram, spoken to by the real python-telegram-bot."""

import io
import json

import httpx
import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyParameters,
    Update,
)
from telegram.error import NetworkError

from tests.fakes.conftest import Clock, Refusal
from tests.fakes.telegram import FakeTelegram, Happened, Person

MEGABYTE = 1 << 20


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=f"do:{label}")] for label in labels]
    )


async def updates(bot: Bot, offset: int = 0) -> tuple[Update, ...]:
    return await bot.get_updates(offset=offset, timeout=0)


async def test_the_bot_learns_who_it_is(bot: Bot, telegram: FakeTelegram) -> None:
    me = await bot.get_me()
    assert me.is_bot
    assert str(me.id) == telegram.token.partition(":")[0]


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("/bot987654321:BBBBBBBBBBBBBBBBBBBBBBBB/getMe", 401, "Unauthorized"),
        ("/botnobody/getMe", 404, "Not Found"),
        ("/getMe", 404, "Not Found"),
        ("/bot{token}/getTea", 404, "Not Found: method not found"),
        ("/file/bot{token}/documents/none.txt", 404, "Not Found"),
    ],
)
async def test_wrong_addresses_are_refused(
    telegram: FakeTelegram, path: str, status: int, description: str
) -> None:
    async with httpx.AsyncClient(base_url=telegram.url) as client:
        answer = await client.get(path.format(token=telegram.token))
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart"])
async def test_parameters_arrive_whichever_way_they_are_sent(
    telegram: FakeTelegram, lin: Person, way: str
) -> None:
    fields = {"chat_id": str(lin.id), "text": "你好 & good evening"}
    markup = {"inline_keyboard": [[{"text": "ok", "callback_data": "1"}]]}
    as_text = {**fields, "reply_markup": json.dumps(markup)}
    address = f"{telegram.base_url}{telegram.token}/SENDmessage"
    async with httpx.AsyncClient() as client:
        if way == "query":
            await client.get(address, params=as_text)
        elif way == "form":
            await client.post(address, data=as_text)
        elif way == "json":
            await client.post(address, json={**fields, "reply_markup": markup})
        else:
            await client.post(address, files={name: (None, value) for name, value in as_text.items()})
    heard = await lin.hears()
    assert (heard.text, heard.labels) == (fields["text"], ("ok",))


async def test_what_a_person_says_arrives_as_an_update(bot: Bot, lin: Person) -> None:
    said = await lin.says("/start 开始")
    (update,) = await updates(bot)
    message = update.message
    assert message is not None
    assert message.text == "/start 开始"
    assert message.message_id == said.id
    assert message.chat.type == "private"
    assert message.from_user is not None
    assert message.from_user.language_code == "zh"
    assert message.parse_entities([MessageEntity.BOT_COMMAND]) == {message.entities[0]: "/start"}


async def test_a_person_hears_what_the_bot_sends(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(lin.id, "今天脑子里在想什么？", reply_markup=keyboard("跳过"))
    heard = await lin.hears("在想什么")
    assert heard.id == sent.message_id
    assert heard.labels == ("跳过",)
    assert sent.reply_markup is not None
    assert sent.from_user is not None
    assert sent.from_user.is_bot


async def test_a_tap_is_a_callback_query_that_can_be_answered_once(
    bot: Bot, lin: Person, refusal: Refusal
) -> None:
    sent = await bot.send_message(lin.id, "One step?", reply_markup=keyboard("I'll do it", "smaller"))
    tap = await lin.taps("small")
    (update,) = await updates(bot)
    query = update.callback_query
    assert query is not None
    assert query.data == "do:smaller"
    assert query.message is not None
    assert query.message.message_id == sent.message_id
    await query.answer("ok")
    assert tap.answer == "ok"
    assert "query is too old and response timeout expired" in await refusal(query.answer())


async def test_a_tap_that_waited_too_long_cannot_be_answered(
    bot: Bot, lin: Person, clock: Clock, refusal: Refusal
) -> None:
    await bot.send_message(lin.id, "One step?", reply_markup=keyboard("yes"))
    tap = await lin.taps("yes")
    clock.passes(16)
    assert "query ID is invalid" in await refusal(bot.answer_callback_query(tap.id))
    assert "query ID is invalid" in await refusal(bot.answer_callback_query("1"))


async def test_a_button_is_found_on_the_newest_message_that_shows_it(bot: Bot, lin: Person) -> None:
    await bot.send_message(lin.id, "first", reply_markup=keyboard("done"))
    newer = await bot.send_message(lin.id, "second", reply_markup=keyboard("done"))
    await lin.taps("done")
    (update,) = await updates(bot)
    assert update.callback_query is not None
    assert update.callback_query.message is not None
    assert update.callback_query.message.message_id == newer.message_id


async def test_an_old_keyboard_can_be_tapped_after_it_was_taken_away(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(lin.id, "done?", reply_markup=keyboard("done"))
    seen = await lin.hears("done")
    await bot.edit_message_text("thank you", lin.id, sent.message_id)
    now = lin.now(seen)
    assert now is not None
    assert now.labels == ()
    with pytest.raises(AssertionError, match="no button"):
        await lin.taps("done")
    await lin.taps("done", on=seen)
    (update,) = await updates(bot)
    assert update.callback_query is not None
    assert update.callback_query.data == "do:done"


async def test_a_tap_on_a_deleted_message_still_arrives(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(lin.id, "done?", reply_markup=keyboard("done"))
    seen = await lin.hears()
    await bot.delete_message(lin.id, sent.message_id)
    await lin.taps("done", on=seen)
    (update,) = await updates(bot)
    assert update.callback_query is not None
    assert update.callback_query.message is not None
    assert not update.callback_query.message.is_accessible


async def test_html_becomes_entities_counted_in_utf16(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(
        lin.id,
        '😀 <b>粗<i>体</i></b> &lt;3 <a href="https://Example.com">link</a> <tg-spoiler>x</tg-spoiler>',
        parse_mode="HTML",
    )
    assert sent.text == "😀 粗体 <3 link x"
    found = {entity.type: (entity.offset, entity.length) for entity in sent.entities}
    assert found == {"bold": (3, 2), "italic": (4, 1), "text_link": (9, 4), "spoiler": (14, 1)}
    assert sent.parse_entity(sent.entities[0]) == "粗体"
    assert sent.entities[2].url == "https://example.com/"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a <b>b", 'Can\'t find end tag corresponding to start tag "b"'),
        ("2 < 3", 'Unsupported start tag "" at byte offset 2'),
        ("2 <3", "Unclosed start tag at byte offset 2"),
        ("粗 <x>b</x>", 'Unsupported start tag "x" at byte offset 4'),
        ("b</b>", "Unexpected end tag at byte offset 1"),
        ("<b>b</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>b</b", "Unclosed end tag at byte offset 4"),
        ("<span>b</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a =x>b</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href=x_y>b</a>", "Unexpected end of name token at byte offset 8"),
        ("<tg-emoji>b</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
async def test_markup_is_refused_in_telegrams_words(
    bot: Bot, lin: Person, source: str, reason: str, refusal: Refusal
) -> None:
    assert (
        await refusal(bot.send_message(lin.id, source, parse_mode="HTML"))
        == f"Bad Request: can't parse entities: {reason}"
    )


async def test_code_keeps_its_language_and_blockquotes_expand(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(
        lin.id,
        '<pre><code class="language-py">x</code></pre>\n<blockquote expandable>long</blockquote>&amp;&copy;',
        parse_mode="HTML",
    )
    assert sent.text == "x\nlong&&copy;"
    assert [(entity.type, entity.language) for entity in sent.entities] == [
        ("pre", "py"),
        ("expandable_blockquote", None),
    ]


async def test_nothing_is_bold_inside_code(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(lin.id, "<b>one <code>two</code> three</b>", parse_mode="HTML")
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [
        ("bold", 0, 4),
        ("code", 4, 3),
        ("bold", 7, 6),
    ]


async def test_a_text_is_trimmed_and_cleaned_as_telegram_keeps_it(bot: Bot, lin: Person) -> None:
    sent = await bot.send_message(lin.id, "  <b>\r\n\tone </b>\u2028two \n", parse_mode="HTML")
    assert sent.text == "one two"
    assert sent.parse_entity(sent.entities[0]) == "one "


async def test_the_length_is_counted_in_utf16_after_parsing(bot: Bot, lin: Person, refusal: Refusal) -> None:
    await bot.send_message(lin.id, "<b>" + "😀" * 2048 + "</b>", parse_mode="HTML")
    assert await refusal(bot.send_message(lin.id, "😀" * 2048 + "a")) == "Bad Request: message is too long"
    assert await refusal(bot.send_message(lin.id, "字" * 10_923)) == "Bad Request: text is too long"


async def test_an_empty_text_is_refused(bot: Bot, lin: Person, refusal: Refusal) -> None:
    assert await refusal(bot.send_message(lin.id, "")) == "Bad Request: message text is empty"
    assert await refusal(bot.send_message(lin.id, " \u200b\n")) == "Bad Request: text must be non-empty"


async def test_a_quote_must_be_an_exact_part_at_its_position(bot: Bot, lin: Person, refusal: Refusal) -> None:
    said = await lin.says("😀 我想升职，但是不敢说")
    answer = ReplyParameters(said.id, quote="升职", quote_position=5, allow_sending_without_reply=True)
    sent = await bot.send_message(lin.id, "你说过", reply_parameters=answer)
    assert sent.quote is not None
    assert (sent.quote.text, sent.quote.position) == ("升职", 5)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.message_id == said.id
    for wrong in (
        ReplyParameters(said.id, quote="升职", quote_position=4),
        ReplyParameters(said.id, quote="升值"),
        ReplyParameters(said.id, quote="<b>升职</b>", quote_parse_mode="HTML"),
    ):
        assert (
            await refusal(bot.send_message(lin.id, "x", reply_parameters=wrong))
            == "Bad Request: QUOTE_TEXT_INVALID"
        )


async def test_a_quote_has_at_most_1024_units(bot: Bot, lin: Person, refusal: Refusal) -> None:
    said = await lin.says("a" * 1025)
    quoted = ReplyParameters(said.id, quote="a" * 1024)
    await bot.send_message(lin.id, "x", reply_parameters=quoted)
    longer = ReplyParameters(said.id, quote="a" * 1025)
    assert (
        await refusal(bot.send_message(lin.id, "x", reply_parameters=longer))
        == "Bad Request: QUOTE_TEXT_INVALID"
    )


async def test_a_reply_to_a_message_that_is_gone_needs_permission(
    bot: Bot, lin: Person, refusal: Refusal
) -> None:
    assert (
        await refusal(bot.send_message(lin.id, "x", reply_parameters=ReplyParameters(7)))
        == "Bad Request: message to be replied not found"
    )
    gone = ReplyParameters(7, quote="anything", allow_sending_without_reply=True)
    sent = await bot.send_message(lin.id, "x", reply_parameters=gone)
    assert sent.reply_to_message is None


async def test_buttons_are_checked(bot: Bot, lin: Person, refusal: Refusal) -> None:
    fits = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="字" * 21 + "a")]])
    await bot.send_message(lin.id, "x", reply_markup=fits)
    too_long = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="字" * 22)]])
    assert (
        await refusal(bot.send_message(lin.id, "x", reply_markup=too_long))
        == "Bad Request: BUTTON_DATA_INVALID"
    )
    no_data = InlineKeyboardMarkup([[InlineKeyboardButton("x")]])
    assert "Text buttons are not allowed" in await refusal(
        bot.send_message(lin.id, "x", reply_markup=no_data)
    )
    many = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x")]] * 101)
    assert (
        await refusal(bot.send_message(lin.id, "x", reply_markup=many))
        == "Bad Request: reply markup is too long"
    )


async def test_other_reply_markup_is_kept_as_it_was_sent(bot: Bot, lin: Person) -> None:
    await bot.send_message(lin.id, "x", reply_markup=ReplyKeyboardMarkup([["A", "B"]]))
    assert [key["text"] for key in (await lin.hears()).other_markup["keyboard"][0]] == ["A", "B"]


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, lin: Person, refusal: Refusal) -> None:
    sent = await bot.send_message(lin.id, "plan", reply_markup=keyboard("done"))
    same = bot.edit_message_text("plan", lin.id, sent.message_id, reply_markup=keyboard("done"))
    assert (await refusal(same)).startswith(
        "Bad Request: message is not modified: specified new message content"
    )
    await bot.edit_message_text("plan", lin.id, sent.message_id)
    same_markup = bot.edit_message_reply_markup(lin.id, sent.message_id)
    assert (await refusal(same_markup)).startswith("Bad Request: message is not modified")
    await bot.edit_message_reply_markup(lin.id, sent.message_id, reply_markup=keyboard("half"))
    assert lin.bot_messages[-1].labels == ("half",)
    assert lin.bot_messages[-1].edits == 2


async def test_only_own_messages_that_are_there_can_be_edited(
    bot: Bot, lin: Person, refusal: Refusal
) -> None:
    said = await lin.says("mine")
    assert (
        await refusal(bot.edit_message_text("x", lin.id, said.id)) == "Bad Request: message can't be edited"
    )
    assert await refusal(bot.edit_message_text("x", lin.id, 5)) == "Bad Request: message to edit not found"
    assert await refusal(bot.delete_message(lin.id, 5)) == "Bad Request: message to delete not found"
    await bot.delete_message(lin.id, said.id)
    assert lin.messages == ()


async def test_old_messages_cannot_be_deleted(bot: Bot, lin: Person, clock: Clock, refusal: Refusal) -> None:
    sent = await bot.send_message(lin.id, "x")
    clock.passes(48 * 3600 + 1)
    assert (
        await refusal(bot.delete_message(lin.id, sent.message_id))
        == "Bad Request: message can't be deleted for everyone"
    )


async def test_an_edited_message_of_a_person_is_its_own_update(bot: Bot, lin: Person) -> None:
    said = await lin.says("I quit")
    await lin.edits(said, "I stay")
    first, second = await updates(bot)
    assert first.message is not None
    assert first.message.text == "I quit"
    assert second.edited_message is not None
    assert second.edited_message.text == "I stay"
    assert second.edited_message.message_id == said.id


async def test_a_person_replies_with_a_quote(bot: Bot, lin: Person) -> None:
    await bot.send_message(lin.id, "One <b>small</b> step", parse_mode="HTML")
    heard = await lin.hears("step")
    await lin.replies_to(heard, "why?", quote="step")
    (update,) = await updates(bot)
    assert update.message is not None
    assert update.message.quote is not None
    assert update.message.quote.position == 10
    assert update.message.reply_to_message is not None


async def test_everything_a_person_can_send_parses(bot: Bot, lin: Person) -> None:
    await lin.sends_document("日记 1.md", b"# hi", caption="mine", mime="text/markdown")
    await lin.sends_voice(seconds=7)
    await lin.sends_photo(caption="my desk")
    await lin.sends_location(31.23, 121.47)
    await lin.sends_sticker("🌙")
    await lin.sends_poll("Stay?", "yes", "no")
    await lin.sends(dice={"emoji": "🎲", "value": 3})
    messages = [update.message for update in await updates(bot)]
    document, voice, photo, location, sticker, poll, dice = messages
    assert document is not None
    assert document.document is not None
    assert (document.document.file_name, document.caption) == ("日记 1.md", "mine")
    assert voice is not None
    assert voice.voice is not None
    assert photo is not None
    assert photo.photo
    assert photo.caption == "my desk"
    assert location is not None
    assert location.location is not None
    assert sticker is not None
    assert sticker.sticker is not None
    assert sticker.sticker.emoji == "🌙"
    assert poll is not None
    assert poll.poll is not None
    assert poll.poll.options[1].text == "no"
    assert dice is not None
    assert dice.dice is not None


async def test_a_sent_file_is_fetched_whole(bot: Bot, lin: Person) -> None:
    content = bytes(range(256)) * 1000
    await lin.sends_document("all.bin", content)
    (update,) = await updates(bot)
    assert update.message is not None
    assert update.message.document is not None
    file = await update.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == content


async def test_a_file_over_20_megabytes_cannot_be_fetched(bot: Bot, lin: Person, refusal: Refusal) -> None:
    await lin.sends_document("big.zip", b"PK", size=20 * MEGABYTE + 1)
    (update,) = await updates(bot)
    assert update.message is not None
    assert update.message.document is not None
    assert await refusal(update.message.document.get_file()) == "Bad Request: file is too big"
    assert await refusal(bot.get_file("nothing")) == "Bad Request: invalid file_id"


async def test_the_bot_sends_files_with_captions(
    bot: Bot, lin: Person, telegram: FakeTelegram, refusal: Refusal
) -> None:
    export = InputFile(io.BytesIO('{"日记": []}'.encode()), filename="导出.json")
    sent = await bot.send_document(lin.id, export, caption="<b>all</b>", parse_mode="HTML")
    assert sent.document is not None
    assert sent.document.file_name == "导出.json"
    assert sent.caption_entities[0].type == "bold"
    heard = await lin.hears("all")
    file_id = heard.content["document"]["file_id"]
    assert telegram.world.files[file_id].content == '{"日记": []}'.encode()
    again = await bot.send_document(lin.id, file_id)
    assert again.document is not None
    assert again.document.file_name == "导出.json"
    refused = await refusal(bot.edit_message_text("x", lin.id, sent.message_id))
    assert refused == "Bad Request: there is no text in the message to edit"
    too_long = bot.send_photo(lin.id, b"png", caption="a" * 1025)
    assert await refusal(too_long) == "Bad Request: message caption is too long"


async def test_uploads_have_limits(bot: Bot, lin: Person, refusal: Refusal) -> None:
    assert (
        await refusal(bot.send_document(lin.id, b"", filename="x.txt"))
        == "Bad Request: file must be non-empty"
    )
    photo = b"\0" * (10 * MEGABYTE + 1)
    assert "too big for a photo; the maximum size is 10485760 bytes" in await refusal(
        bot.send_photo(lin.id, photo)
    )
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(lin.id, b"\0" * (50 * MEGABYTE + 1), filename="x.bin")
    assert lin.bot_messages == ()


async def test_an_unknown_chat_is_not_found(bot: Bot, refusal: Refusal) -> None:
    assert await refusal(bot.send_message(42, "x")) == "Bad Request: chat not found"


async def test_who_blocks_the_bot_is_not_written_to(bot: Bot, lin: Person, refusal: Refusal) -> None:
    await lin.blocks_bot()
    assert "bot was blocked by the user" in await refusal(bot.send_message(lin.id, "x"))
    await lin.unblocks_bot()
    await bot.send_message(lin.id, "welcome back")
    kinds = [
        update.my_chat_member.new_chat_member.status
        for update in await updates(bot)
        if update.my_chat_member is not None
    ]
    assert kinds == ["kicked", "member"]


async def test_the_bot_cannot_write_first(bot: Bot, telegram: FakeTelegram, refusal: Refusal) -> None:
    stranger = telegram.person("Kim", has_started=False)
    assert "can't initiate conversation" in await refusal(bot.send_message(stranger.id, "x"))
    await stranger.says("/start")
    await bot.send_message(stranger.id, "hello")


async def test_a_group_can_be_left(bot: Bot, telegram: FakeTelegram, lin: Person, refusal: Refusal) -> None:
    group = telegram.group("Team")
    await group.adds_bot(by=lin)
    await group.says(lin, "just talking")
    await group.says(lin, "/plan")
    added, welcomed, command = await updates(bot)
    assert added.my_chat_member is not None
    assert welcomed.message is not None
    assert welcomed.message.new_chat_members[0].is_bot
    assert command.message is not None
    assert command.message.chat.type == "group"
    await bot.send_message(group.id, "I work in private chats only.")
    await bot.leave_chat(group.id)
    assert not group.has_bot
    assert "not a member of the group chat" in await refusal(bot.send_message(group.id, "x"))
    assert (await group.hears("private")).chat_id == group.id


async def test_the_chat_can_be_asked_about(bot: Bot, lin: Person) -> None:
    chat = await bot.get_chat(lin.id)
    assert chat.first_name == "Lin"


async def test_the_menu_is_kept_by_scope_and_language(
    bot: Bot, telegram: FakeTelegram, refusal: Refusal
) -> None:
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands([BotCommand("plan", "本周承诺")], scope=scope, language_code="zh")
    await bot.set_my_commands([BotCommand("plan", "This week")], scope=scope)
    assert (await bot.get_my_commands(scope, "zh"))[0].description == "本周承诺"
    assert telegram.profile.commands("all_private_chats")[0]["description"] == "This week"
    assert await bot.get_my_commands() == ()
    assert await refusal(bot.set_my_commands([("Plan", "x")])) == "Bad Request: BOT_COMMAND_INVALID"
    assert await refusal(bot.set_my_commands([("plan", "x")], language_code="zho")) == (
        "Bad Request: invalid language code specified"
    )


async def test_the_description_falls_back_to_the_one_for_all(bot: Bot, telegram: FakeTelegram) -> None:
    await bot.set_my_description("A coach")
    await bot.set_my_description("教练", language_code="zh")
    await bot.set_my_short_description("Next step", language_code="en")
    await bot.set_my_name("Offramp", language_code="en")
    assert (await bot.get_my_description("de")).description == "A coach"
    assert (await bot.get_my_description("zh")).description == "教练"
    assert telegram.profile.text("short_description", "en") == "Next step"
    assert telegram.profile.text("name", "en") == "Offramp"


async def test_typing_and_drafts_are_noticed_but_are_no_messages(bot: Bot, lin: Person) -> None:
    await bot.send_chat_action(lin.id, "typing")
    await bot.send_message_draft(lin.id, draft_id=1, text="I am thi")
    assert [event.kind for event in lin.events] == [Happened.ACTION, Happened.DRAFT]
    assert lin.messages == ()
    await lin.hears_nothing(within=0.01)
    assert lin.transcript(actions=True) == "Offramp … typing\nOfframp drafts: I am thi"


async def test_hearing_goes_forward_only(bot: Bot, lin: Person) -> None:
    await bot.send_message(lin.id, "one")
    sent = await bot.send_message(lin.id, "two")
    await lin.hears("two")
    with pytest.raises(AssertionError, match="did not hear 'one'"):
        await lin.hears("one", within=0.01)
    await bot.edit_message_text("three", lin.id, sent.message_id)
    assert (await lin.hears("THREE")).edits == 1


async def test_the_transcript_reads_like_a_chat(
    bot: Bot, lin: Person, telegram: FakeTelegram, clock: Clock
) -> None:
    said = await lin.says("I want the promotion")
    clock.passes(2)
    sent = await bot.send_message(
        lin.id,
        "You said it before.\nAsk Ana?",
        reply_markup=keyboard("I'll do it", "smaller"),
        reply_parameters=ReplyParameters(said.id, quote="the promotion"),
    )
    tap = await lin.taps("I'll do it")
    await bot.answer_callback_query(tap.id, "Noted")
    await bot.edit_message_text("Noted: ask Ana", lin.id, sent.message_id)
    await lin.sends_document("notes.md", b"# x")
    assert telegram.transcript(lin) == "\n".join(
        [
            "Lin: I want the promotion",
            "Offramp: > the promotion",
            "    You said it before.",
            "    Ask Ana?",
            "    [I'll do it]",
            "    [smaller]",
            "Lin taps [I'll do it]",
            "Offramp answers the tap: Noted",
            f"Offramp edits #{sent.message_id}: > the promotion",
            "    Noted: ask Ana",
            "Lin: <document notes.md>",
        ]
    )
    assert lin.transcript(times=True).startswith("14:13:20 Lin: I want")


async def test_every_call_is_kept_raw(bot: Bot, lin: Person, telegram: FakeTelegram) -> None:
    await bot.send_message(lin.id, "hi", parse_mode="HTML")
    (call,) = telegram.calls_of("sendMessage")
    assert call.params.values["text"] == "hi"
    assert call.params.values["parse_mode"] == "HTML"
    assert (call.chat_id, call.outcome) == (lin.id, "200")


async def test_reset_forgets_everything_but_the_address(
    bot: Bot, lin: Person, telegram: FakeTelegram, refusal: Refusal
) -> None:
    await lin.says("hello")
    await bot.send_message(lin.id, "hi")
    url = telegram.url
    await telegram.reset()
    assert telegram.calls == []
    assert await updates(bot) == ()
    assert await refusal(bot.send_message(lin.id, "hi")) == "Bad Request: chat not found"
    assert telegram.url == url


async def test_a_long_text_is_pasted_in_parts(bot: Bot, lin: Person) -> None:
    with pytest.raises(ValueError, match="4096"):
        await lin.says("😀" * 3000)
    parts = await lin.pastes("😀" * 3000)
    assert [update.message.text for update in await updates(bot) if update.message] == [
        part.text for part in parts
    ]
