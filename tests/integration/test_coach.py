"""The coach with a real journal: the order of a turn, and what stays true from one turn to the next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.drain import Drain
from coaching.coach import Coach
from coaching.language import read_language
from coaching.lenses import LensReader
from coaching.model import CommitmentStatus, Event, Language, Safety, Scene, Turn
from coaching.parts import QUOTED, NextStep, Past, Question, Reflection, ReplyKind
from coaching.responders.playbook import PlaybookResponder
from coaching.safety import SafetyCheck
from coaching.thinking import Team
from memory.sql.inbox import TERMINAL, Pending, next_update_id, store_update
from memory.sql.journal import Journal
from memory.sql.outbox import list_queued, mark_sent
from tests.conftest import FrozenClock
from tests.fakes.recall import ListRecall

SHANGHAI = ZoneInfo("Asia/Shanghai")
LENSES, SAFETY = LensReader(), SafetyCheck()  # they learn once for all tests here


@dataclass
class Person:
    """Somebody who talks to the real coach through the real inbox and outbox."""

    journal: Journal
    coach: Coach
    drain: Drain
    memory: ListRecall
    clock: FrozenClock
    id: int

    async def says(
        self, words: str, *, tap: str | None = None, command: str | None = None, event: Event | None = None
    ) -> str:
        raw = {"text": words, "tap": tap, "command": command, "event": event.value if event else None}
        async with self.journal.begin() as tx:
            await store_update(
                tx,
                bot_id=TERMINAL,
                update_id=await next_update_id(tx, TERMINAL),
                chat_id=self.id,
                sender_id=self.id,
                raw=json.dumps(raw),
            )
            await tx.commit()
        await self.drain.drain("terminal", TERMINAL, self.id, self._parse)
        shown = []
        for queued in await list_queued(self.journal, TERMINAL, self.id):
            shown.append(str(queued.payload["text"]))
            async with self.journal.begin() as tx:
                await mark_sent(tx, queued.id)
                await tx.commit()
        self.clock.passes(minutes=3)
        return "\n\n".join(shown)

    async def taps(self, data: str) -> str:
        return await self.says("", tap=data)

    async def _parse(self, pending: Pending) -> Turn:
        raw = json.loads(pending.raw)
        event = Event(raw["event"]) if raw["event"] else None
        return self.turn(raw["text"], tap=raw["tap"], command=raw["command"], event=event)

    def turn(
        self, words: str, *, tap: str | None = None, command: str | None = None, event: Event | None = None
    ) -> Turn:
        language: Language = read_language(words, fallback="zh")
        now = self.clock.now().astimezone(SHANGHAI)
        return Turn(self.id, words, language, now, tap=tap, command=command, event=event)

    async def scene(self) -> Scene:
        return await self.journal.load_scene(self.id, self.clock.now())

    async def remembers(self) -> None:
        """Everything said so far comes up from tomorrow on."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        said = await self.journal.list_messages(self.id, since=today - timedelta(days=60), until=today)
        self.memory.stored = list(said)
        self.clock.passes(days=1)


@pytest.fixture
async def lin(sqlite_engine: AsyncEngine, clock: FrozenClock, tmp_path: Path) -> Person:
    journal, memory = Journal(sqlite_engine, clock), ListRecall()
    coach = Coach(Team(journal, memory, PlaybookResponder(), LENSES, SAFETY, memory))
    async with journal.begin() as tx:
        user_id = await tx.add_user("terminal", "lin", language="zh", zone="Asia/Shanghai")
        await tx.commit()
    return Person(journal, coach, Drain(journal, coach, exports=tmp_path), memory, clock, user_id)


async def test_an_ordinary_message_gets_reflection_step_and_question_in_that_order(lin: Person) -> None:
    answer = await lin.coach.reply_to(lin.turn("我做的对账表每周给大家省半天，没人知道。"))
    kinds = [type(part) for part in answer.reply.draft.parts]
    assert kinds == [Reflection, NextStep, Question]
    assert [
        quote.text in "我做的对账表每周给大家省半天，没人知道。" for quote in answer.reply.draft.quotes
    ] == [True]


async def test_the_past_stands_between_the_guess_and_the_step_with_its_date(lin: Person) -> None:
    await lin.says("盘点小程序写了三分之一，不知道给谁用")
    await lin.remembers()
    answer = await lin.coach.reply_to(lin.turn("今天又有人来问我那个盘点小程序"))
    assert [type(part) for part in answer.reply.draft.parts] == [Reflection, Past, NextStep, Question]
    (past,) = answer.reply.draft.find(Past)
    assert past.quotes[0].said_on == date(2026, 4, 1)
    assert "4月1日" in past.text


async def test_a_past_of_another_thing_is_left_alone(lin: Person) -> None:
    await lin.says("妹妹六月结婚，我还没写致辞")
    await lin.remembers()
    answer = await lin.coach.reply_to(lin.turn("新领导要我们每天交一份日报"))
    assert not answer.reply.draft.find(Past)


async def test_a_past_is_not_quoted_twice_in_a_row(lin: Person) -> None:
    await lin.says("盘点小程序写了三分之一，不知道给谁用")
    await lin.remembers()
    first = await lin.says("今天又有人来问我那个盘点小程序")
    second = await lin.says("晚上又改了一遍盘点小程序的首页")
    assert "三分之一" in first
    assert "三分之一" not in second


async def test_a_tap_on_do_makes_one_commitment_however_often(lin: Person) -> None:
    await lin.says("我做的对账表每周给大家省半天，没人知道。")
    offered = (await lin.scene()).offered
    assert offered is not None
    first = await lin.taps("step:do")
    await lin.taps("step:do")
    (kept,) = (await lin.scene()).plan
    assert kept.text == offered.text
    assert kept.if_then
    assert offered.text in first


async def test_smaller_is_smaller_and_then_there_is_nothing_smaller(lin: Person) -> None:
    await lin.says("我做的对账表每周给大家省半天，没人知道。")
    before = (await lin.scene()).offered
    await lin.says("小一点")
    after = (await lin.scene()).offered
    assert before is not None
    assert after is not None
    assert after.minutes <= min(5, before.minutes)
    assert "最小" in await lin.says("小一点")


async def test_a_declined_step_is_never_offered_again(lin: Person) -> None:
    await lin.says("我做的对账表每周给大家省半天，没人知道。")
    declined = []
    for _ in range(6):
        offered = (await lin.scene()).offered
        if offered is None:
            break
        declined.append(offered.key)
        await lin.taps("step:not_this")
    assert len(declined) == len(set(declined)) > 2
    assert set(declined) <= (await lin.scene()).declined


async def test_an_old_button_says_what_happened_and_changes_nothing(lin: Person) -> None:
    await lin.says("我做的对账表每周给大家省半天，没人知道。")
    await lin.taps("step:do")
    (kept,) = (await lin.scene()).plan
    await lin.taps(f"plan:done:{kept.id}")
    again = await lin.taps(f"plan:drop:{kept.id}")
    assert kept.text in again
    assert [item.status for item in (await lin.scene()).plan] == [CommitmentStatus.DONE]


async def test_a_fourth_commitment_asks_which_one_goes(lin: Person) -> None:
    for words in ("周四午休给阿斌发三个问题", "周五晚上八点录一遍讲稿", "周六上午十点写首页的第一段"):
        await lin.says(words, command="plan")
        await lin.says("好")
    await lin.says("我做的对账表每周给大家省半天，没人知道。")
    asked = await lin.taps("step:do")
    plan = (await lin.scene()).plan
    assert len(plan) == 3
    assert all(item.text in asked for item in plan)
    await lin.taps(f"room:{plan[0].id}")
    await lin.taps("plan:yes")
    statuses = [item.status for item in (await lin.scene()).plan]
    assert statuses.count(CommitmentStatus.OPEN) == 3
    assert statuses.count(CommitmentStatus.DROPPED) == 1


async def test_who_leaves_the_plan_for_something_on_their_mind_is_heard(lin: Person) -> None:
    await lin.says("给阿斌发三个问题", command="plan")
    reply = await lin.says("今天被客户骂了一顿，我一句话都没说出来")
    assert "哪天" not in reply
    assert "「" in reply
    await lin.says("周四午休，20分钟")  # and the plan is still there to come back to
    await lin.says("好")
    assert [item.text for item in (await lin.scene()).plan] == ["给阿斌发三个问题"]


async def test_a_goal_is_not_made_of_the_next_thing_they_say(lin: Person) -> None:
    await lin.says("", command="goals")
    await lin.says("今天被客户骂了一顿，我一句话都没说出来")
    assert (await lin.scene()).goals == ()
    await lin.says("做一件自己的东西")  # the question was over with the turn before
    assert (await lin.scene()).goals == ()


async def test_a_changed_goal_that_is_named_is_taken_as_it_is(lin: Person) -> None:
    await lin.says("开一间自己的工作室", command="goals")
    await lin.says("有三个长期客户")
    await lin.says("我的目标变了，不想开工作室了，想进博物馆做教育。")
    assert [goal.text for goal in (await lin.scene()).goals] == ["想进博物馆做教育"]


@pytest.mark.parametrize("no", ["没有", "没有想过", "没有，真的没有"])
async def test_a_crisis_stops_everything_and_closes_only_after_a_clear_no(lin: Person, no: str) -> None:
    await lin.says("给阿斌发三个问题", command="plan")
    reply = await lin.says("有时候站在站台上会想，要是往前一步就都安静了")
    assert "12356" in reply
    assert (await lin.scene()).user.crisis is not Safety.NONE
    for words in ("老板今天又改需求了", "不知道"):
        assert "12356" in await lin.says(words)
        assert (await lin.scene()).user.crisis is not Safety.NONE
    await lin.says(no)
    assert (await lin.scene()).user.crisis is Safety.NONE


async def test_words_of_a_crisis_are_never_quoted_later(lin: Person) -> None:
    await lin.says("我不想活了，盘点小程序也不想写了")
    await lin.says("刚才是气话，我没有这种想法")
    await lin.says("没有，真的没有")
    await lin.remembers()
    assert all("不想活" not in message.text for message in lin.memory.stored)
    assert "不想活" not in await lin.says("今天又有人来问我那个盘点小程序")


async def test_nothing_is_asked_of_who_asked_not_to_be_asked(lin: Person) -> None:
    reply = await lin.says("今天别问我问题了，我带的实习生转正了，我还在原地。")
    assert "？" not in QUOTED.sub("", re.sub(r"‹[^‹›]*›", "", reply))


@pytest.mark.parametrize("words", ["别问我了", "stop asking me", "今晚别再问问题了"])
async def test_who_only_says_not_to_be_asked_is_not_asked_back(lin: Person, words: str) -> None:
    answer = await lin.coach.reply_to(lin.turn(words))
    assert not re.search(r"[?？]", answer.reply.text)
    assert [choice.data for choice in answer.reply.draft.choices] == ["cmd:pause"]


async def test_a_voice_transcript_of_masks_is_asked_about_and_not_guessed_at(lin: Person) -> None:
    answer = await lin.coach.reply_to(lin.turn("那个就是如果我把那个***交给他们就是****然后后面是不是***"))
    assert answer.safety is not Safety.NONE or answer.reply.draft.kind is ReplyKind.CLARIFY
    assert not answer.reply.draft.find(NextStep)


TWENTY = """我改的是字体，定的人是副总。
今天又给新来的产品讲了一遍系统，讲完他去汇报，我去关工单。
晚上想写点自己的东西，一打开电脑就先回了四十条消息。
我做的对账表每周给大家省半天，没人知道。
领导说下半年看我表现，去年他也这么说。
周末给邻居家的早餐店做了个点单的小页面，她女儿说字太小。
如果真不干了，我手上的钱够不够一年，我没敢算。
今天开了六个会，说了三句话。
学了两个月的数据分析，还没碰过一份真数据。
有人劝我转管理，我怕带人以后就不写东西了。
跟运营吵了一架，她说我故意卡她，我觉得她排期拍脑袋。
绩效又是B，理由是影响力不够，我问影响谁，他没答。
早餐店老板今天主动问我，能不能再加一个外卖的码。
好累，今天什么都不想动。
我怕的是认真做了还是没人用。
爸妈觉得稳定就好，他们不知道我每天在稳定什么。
换了新部门，流程比以前还长，改个按钮要四个人签字。
简历改到第三版，还是不知道该把哪件事放在第一行。
前同事在外面开了工作室，他问我要不要周末去看看。
要是明年这时候还在说同样的话，我会看不起自己。"""

TWENTY_EN = """I pick the font, the VP picks everything else.
Explained our system to the third new PM this quarter and then watched him present it.
I wanted to write tonight and answered forty messages instead.
The reconciliation sheet I built saves the team half a day each week. Nobody knows it exists.
My lead says the second half of the year is when it counts. He said that last year.
I made a small ordering page for the bakery downstairs, and the owner's kid found the letters too small.
If I really stopped, would my savings last a year? I haven't dared to count.
Six meetings today and I spoke three sentences.
Two months of a data course and I have not touched one real dataset.
People tell me to go into management, and I'm afraid I would never make anything again.
Had a fight with operations: she says I block her on purpose, I think she invents the dates.
Another B in the review, for lack of impact. I asked on whom and he changed the subject.
The bakery owner asked me today whether I could add a code for takeaway.
So tired, I don't want to move at all.
What scares me is doing it properly and still nobody uses it.
My parents say stability is good. They don't know what I am keeping stable.
New department, longer process: four signatures to change a button.
Third draft of the CV and I still don't know which project goes first.
A former colleague opened a studio and asked me to come by at the weekend.
If I say the same thing a year from now I will not respect myself."""


def overlap(replies: list[str]) -> list[float]:
    """Share of six-character (zh) or five-word (en) runs of each reply that stood in an earlier one."""
    seen: set[str] = set()
    shares = []
    for reply in replies:
        own = re.sub(r"‹[^‹›]*›", "", QUOTED.sub("", reply))
        if read_language(own) == "zh":
            bare = re.sub(r"\W", "", own)
            runs = {bare[at : at + 6] for at in range(len(bare) - 5)}
        else:
            words = re.findall(r"[a-z0-9'’]+", own.lower())
            runs = {" ".join(words[at : at + 5]) for at in range(len(words) - 4)}
        shares.append(len(runs & seen) / max(1, len(runs)))
        seen |= runs
    return shares


@pytest.mark.parametrize("lines", [TWENTY.splitlines(), TWENTY_EN.splitlines()], ids=["zh", "en"])
async def test_twenty_turns_do_not_sound_alike(lin: Person, lines: list[str]) -> None:
    replies, steps, questions = [], [], []
    for line in lines:
        answer = await lin.coach.reply_to(lin.turn(line))
        if answer.safety is not Safety.NONE:  # one plain question too many is the safety tests' business
            continue
        replies.append(await lin.says(line))
        steps += [part.key for part in answer.reply.draft.find(NextStep)]
        questions += [part.key for part in answer.reply.draft.find(Question)]
        lin.clock.passes(hours=7)
    shares = overlap(replies)
    assert len(replies) >= 16
    assert sum(shares) / len(shares) < 0.08
    assert max(shares) <= 0.25
    assert len(steps) == len(set(steps))
    assert all(one != other for one, other in pairwise(questions))


@pytest.mark.parametrize("words", ["别给我建议，就听我说说", "no advice please, just listen"])
async def test_who_only_asks_to_be_heard_is_given_nothing_back_but_room(lin: Person, words: str) -> None:
    reply = await lin.says(words)
    assert not QUOTED.search(reply)
    assert "？" not in reply
    assert "?" not in reply


@pytest.mark.parametrize("words", ["要不要干脆辞职？", "should I just quit?"])
async def test_to_quit_or_not_is_handed_back_with_what_leaving_would_mean(lin: Person, words: str) -> None:
    reply = await lin.says(words)
    assert words.rstrip("？?") in reply
    assert len(re.findall(r"[？?]$", reply, re.MULTILINE)) == 1
    assert not any(guess in reply for guess in ("今天", "当时", "had somebody"))
