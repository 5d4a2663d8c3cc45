"""The coach with a language model: prompt → model → parts → check → one repair. Only here is LangChain.

The chain promises nothing about time or money: ``FallbackResponder`` does. Whatever goes wrong here is
``ModelFailed`` or ``DraftRejected``, and the playbook answers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from langchain.chat_models import init_chat_model
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import RunnableLambda

from coaching.errors import BudgetSpent, DraftRejected, ModelFailed
from coaching.model import Safety
from coaching.parts import find_faults
from coaching.responders.arriving import Watch
from coaching.responders.context import (
    ANSWER_MOST,
    Prompt,
    build_crisis_prompt,
    build_judge_prompt,
    build_repair,
    build_shape,
    build_turn_prompt,
    count_shape,
    count_tokens,
)
from coaching.responders.drafting import build_reflect_draft, build_turn_draft
from coaching.responders.fallback import Tokens
from coaching.responders.inventions import find_inventions
from coaching.responders.lenient import read_parts
from coaching.responders.model_parts import CrisisParts, JudgeParts, Parts, ReflectParts, TurnParts
from coaching.responders.task import Task
from coaching.showing import go_on
from coaching.thinking import list_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

    from coaching.model import Scene, Turn
    from coaching.parts import Draft
    from coaching.ports import Budget
    from coaching.reading import Reading

log = logging.getLogger(__name__)

P = TypeVar("P", bound=Parts)
T = TypeVar("T")

NO_TOOLS = frozenset({400, 404, 422, 501})  # what servers answer that know no tools
OPENAI_LIKE = "openai"


def open_model(name: str, *, base_url: str = "", api_key: str = "", deadline: float = 20.0) -> BaseChatModel:
    """A chat model by its name, such as ``openai:gpt-5-mini`` or ``anthropic:claude-haiku-4-5``.

    Args:
        name: provider and model.
        base_url: an OpenAI-compatible server, or the provider's own address when empty.
        api_key: of the provider; a server of one's own wants none.
        deadline: seconds for one read; the whole is bounded by ``FallbackResponder``.

    Raises:
        ModelFailed: the provider is unknown, not installed, or has no key.
    """
    options: dict[str, Any] = {"max_retries": 0, "timeout": deadline, "max_tokens": ANSWER_MOST}
    if base_url:
        options["base_url"] = base_url
    if name.startswith(OPENAI_LIKE):
        # or what is streamed would cost what was reserved for it; and no clock but the deadline's
        options |= {"stream_usage": True, "stream_chunk_timeout": 0}
    if api_key or (base_url and name.startswith(OPENAI_LIKE)):
        options["api_key"] = api_key or "none"
    try:
        model: BaseChatModel = init_chat_model(name, **options)
    except ImportError as error:
        raise ModelFailed(f"{name.partition(':')[0]} is not installed: pip install {error.name}") from error
    except Exception as error:  # noqa: BLE001  # each provider has its own errors; all mean: not usable so
        raise ModelFailed(f"{name} cannot be opened ({type(error).__name__})") from None
    return model


class ChainResponder:
    """Makes drafts with a language model. Implements ``Responder`` and ``SecondListener``.

    Args:
        model: any chat model of LangChain.
        budget: asked before every call.
    """

    def __init__(self, model: BaseChatModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self.spent = Tokens()
        self._knows_tools = self._streams = True
        self._tooled: dict[type[Parts], Runnable[Any, Any]] = {}  # making one costs milliseconds

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """A draft that keeps every rule.

        Raises:
            ModelFailed: no answer, or none that is made of parts.
            DraftRejected: the parts broke a rule, and after one repair they still did.
            BudgetSpent: this day's tokens are used up.
        """
        return await self._draft(TurnParts, build_turn_draft, "turn", turn, scene, reading)

    async def reflect(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """The long form of ``turn.text``, which keeps every rule. Raises what ``draft`` raises."""
        return await self._draft(ReflectParts, build_reflect_draft, "reflect", turn, scene, reading)

    async def _draft(
        self,
        shape: type[P],
        build: Callable[[P, Turn, Scene, Reading], Draft],
        name: str,
        turn: Turn,
        scene: Scene,
        reading: Reading,
    ) -> Draft:
        sources = list_sources(turn, scene, {r.message.id: r.message.text for r in reading.recalled})
        showing = turn.showing

        def make(filled: P) -> Draft:
            return build(filled, turn, scene, reading)

        def check(draft: Draft) -> tuple[str, ...]:
            return find_faults(draft, sources) + find_inventions(draft, sources)

        # late at night a step has a word in front
        awaits = "step" if reading.late else ""
        watch = Watch(shape, make, check, showing, awaits=awaits) if showing else None
        prompt = build_turn_prompt(turn, scene, reading, name)
        # what was shown stays: whatever comes in the end can only be put behind it
        whole = (lambda filled: go_on(showing.end(), make(filled))) if showing else make
        return await self.do(Task(shape, prompt, whole, check), turn, watch)

    async def do(self, task: Task[P, T], turn: Turn, watch: Watch[P] | None = None) -> T:
        """What the model fills in, made into what is wanted of it. Raises what ``draft`` raises."""
        said: tuple[BaseMessage, ...] = ()
        for last in (False, True):
            filled = await self._fill(task.shape, task.prompt, turn.user_id, said, None if last else watch)
            try:
                made = task.build(filled)
                faults = task.find_faults(made)
            except DraftRejected as error:
                faults = (str(error),)
            if not faults:
                return made
            log.info("model draft rejected: %s", "; ".join(faults))  # rules are named, words are not
            if last:
                break
            shown = turn.showing.end() if turn.showing else None
            reasons = build_repair(faults, turn.language, shown.text if shown else "")
            said = (AIMessage(filled.model_dump_json()), HumanMessage(reasons))
        raise DraftRejected("; ".join(faults))

    async def listen(self, turn: Turn, scene: Scene) -> Safety:
        """What a message may say about a life in danger: ``PASSIVE`` for yes, ``UNSURE``, or ``NONE``.

        Raises what ``draft`` raises, but for ``DraftRejected``.
        """
        filled = await self._fill(CrisisParts, build_crisis_prompt(turn, scene), turn.user_id)
        return {"yes": Safety.PASSIVE, "unsure": Safety.UNSURE, "no": Safety.NONE}[filled.answer]

    async def write(self, turn: Turn, scene: Scene, reading: Reading) -> str:
        """What the model says when asked plainly, unchecked: for comparisons, never for a person."""
        prompt = build_turn_prompt(turn, scene, reading, "bare")
        try:
            raw = _as_said(await self._model.ainvoke([HumanMessage(prompt.changing)]))
        except Exception as error:  # noqa: BLE001  # each provider raises its own; all mean: no answer
            raise ModelFailed(type(error).__name__) from None
        self._count(raw)
        return str(raw.text)

    async def compare(
        self, turn: Turn, scene: Scene, reading: Reading, first: str, second: str
    ) -> JudgeParts:
        """Marks for two replies to the same message. Raises what ``listen`` raises."""
        prompt = build_judge_prompt(turn, scene, reading, first, second)
        return await self._fill(JudgeParts, prompt, turn.user_id)

    async def _fill(
        self,
        shape: type[P],
        prompt: Prompt,
        user_id: int,
        said: tuple[BaseMessage, ...] = (),
        watch: Watch[P] | None = None,
    ) -> P:
        """One call, paid for."""
        asked = prompt.tokens + sum(count_tokens(str(m.content)) for m in said)
        reserved = asked + count_shape(shape) + ANSWER_MOST
        if not await self._budget.reserve(user_id, reserved):
            raise BudgetSpent
        messages = [*_messages(prompt), *said]
        raw = await self._ask(shape, messages, watch)
        # a call that failed stays paid for with what was reserved: it may have cost that
        await self._budget.settle(user_id, reserved=reserved, used=_count_used(raw, reserved))
        self._count(raw)
        written = [str(call["args"]) for call in raw.invalid_tool_calls] + [str(raw.text)]
        return read_parts(shape, [call["args"] for call in raw.tool_calls], written)

    def _count(self, raw: AIMessage) -> None:
        if raw.usage_metadata:
            self.spent.read += raw.usage_metadata["input_tokens"]
            self.spent.written += raw.usage_metadata["output_tokens"]

    async def _ask(
        self, shape: type[P], messages: list[BaseMessage], watch: Watch[P] | None = None
    ) -> AIMessage:
        try:
            if self._knows_tools:
                try:
                    return await self._call(self._with_tools(shape), messages, watch)
                except Exception as error:
                    if getattr(error, "status_code", None) not in NO_TOOLS:
                        raise
            raw = await self._call(RunnableLambda(_add_shape(shape)) | self._model, messages, watch)
        except Exception as error:  # noqa: BLE001  # each has its own; the playbook answers
            if watch is not None and self._streams and getattr(error, "status_code", None) in NO_TOOLS:
                raw = await self._ask(shape, messages)
                self._streams = False
                return raw
            log.warning("model call failed: %s", type(error).__name__)
            raise ModelFailed(type(error).__name__) from None
        self._knows_tools = False  # it answers, but not with tools
        return raw

    async def _call(
        self, asked: Runnable[Any, Any], messages: list[BaseMessage], watch: Watch[P] | None
    ) -> AIMessage:
        """One call; streamed where somebody looks on, unless the server is known not to stream."""
        if watch is None or not self._streams:
            return _as_said(await asked.ainvoke(messages))
        chunks: list[AIMessageChunk] = []
        try:
            async for chunk in asked.astream(messages):
                if (task := asyncio.current_task()) and task.cancelling():
                    # wait_for of Python 3.11, between the server and here, may swallow the deadline
                    raise asyncio.CancelledError
                chunks.append(chunk)
                watch.hear(_as_written(chunk))
        except ValueError:  # LangChain's word for a stream in which nothing came
            if chunks:
                raise
            whole = _as_said(await asked.ainvoke(messages))
            self._streams = False  # it answers, but all at once
            return whole
        return add_ai_message_chunks(*chunks)

    def _with_tools(self, shape: type[P]) -> Runnable[Any, Any]:
        # function calling rather than a JSON schema: DeepSeek, Qwen and small servers know it. And the bare
        # tool rather than with_structured_output, which turns the schema over at every call (5 ms).
        if shape not in self._tooled:
            self._tooled[shape] = self._model.bind_tools([shape], tool_choice=shape.__name__)
        return self._tooled[shape]


def _messages(prompt: Prompt) -> list[BaseMessage]:
    return [SystemMessage(prompt.stable), HumanMessage(prompt.changing)]


def _as_written(chunk: AIMessageChunk) -> str:
    """What a piece of an answer adds to the object it fills in."""
    return "".join(call["args"] or "" for call in chunk.tool_call_chunks) or str(chunk.text)


def _as_said(answered: object) -> AIMessage:
    """What came back, which a provider is free to shape.

    Raises:
        ModelFailed: it is no message.
    """
    if not isinstance(answered, AIMessage):
        raise ModelFailed("no message")
    return answered


def _add_shape(shape: type[Parts]) -> Any:  # noqa: ANN401  # LangChain takes any callable
    def add(messages: list[BaseMessage]) -> list[BaseMessage]:
        first, *rest = messages
        return [SystemMessage(f"{first.content}\n\n{build_shape(shape)}"), *rest]

    return add


def _count_used(raw: AIMessage, reserved: int) -> int:
    return raw.usage_metadata["total_tokens"] if raw.usage_metadata else reserved
