"""Turns text into vectors: the packaged MiniLM, another model by name or path, or none at all (``hash``).

Nothing heavy is imported before ``load_model``: torch alone takes seconds.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from memory.errors import StorageError
from memory.recall.packaged import PACKAGED, PACKAGED_NAME, EmbedderMissing, find_packaged
from memory.recall.prefixes import Prefixes, prefixes_for
from memory.recall.tokens import cut

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

HASH = "hash"

_NAME_LENGTH = 200  # the column's


class LoadingStopped(StorageError):
    """Loading was given up, because the program is closing."""


class Model(Protocol):
    """What turns text into vectors."""

    @property
    def name(self) -> str:
        """Names the model and its weights: vectors of different names are never compared."""
        ...

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """Unit vectors, one row a text. ``query`` where the model wants questions marked. Blocking."""
        ...

    def unreadable(self, text: str) -> float:
        """The share of a text's tokens that the model does not know, 0 to 1."""
        ...


# --- no model ---------------------------------------------------------------------------------------------

_HASH_WIDTH = 256


class HashModel:
    """A deterministic stand-in that loads at once: a text is the sum of its tokens' hashed directions.

    It knows words and no meaning, which is enough for tests and for machines without room for a model.
    """

    name = "hash:256"

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:  # noqa: ARG002  # one side
        vectors = np.zeros((len(texts), _HASH_WIDTH), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in cut(text).words:
                code = zlib.crc32(word.encode("utf-8", "surrogatepass"))
                vectors[row, code % _HASH_WIDTH] += 1.0 if code & 0x10000 else -1.0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)

    def unreadable(self, text: str) -> float:  # noqa: ARG002  # it reads everything
        return 0.0


# --- sentence-transformers --------------------------------------------------------------------------------


# Everyday Chinese: a model that does not know half of it has no use for the characters it happens to know.
_HAN_SAMPLE = "我想和老板谈谈升职加薪的事情，最近工作压力很大，晚上睡不好，也许应该换一份工作"
_HAN_UNREAD = 0.2


class SentenceModel:
    """A sentence-transformers model."""

    def __init__(self, model: SentenceTransformer, name: str, prefixes: Prefixes) -> None:
        self.name = name[:_NAME_LENGTH]
        self._model = model
        self._prefixes = prefixes
        self._tokenizer: Any = model.tokenizer
        self._unknown = getattr(self._tokenizer, "unk_token_id", None)
        self._reads_han = True
        self._reads_han = self.unreadable(_HAN_SAMPLE) < _HAN_UNREAD

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        prefix = self._prefixes.query if query else self._prefixes.stored
        made = self._model.encode(
            [prefix + text for text in texts],
            batch_size=32,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(made, dtype=np.float32)

    def unreadable(self, text: str) -> float:
        if self._unknown is None:
            return 0.0
        known = self._tokenizer(text, add_special_tokens=False, truncation=True, max_length=512)["input_ids"]
        if not known:
            return 1.0
        unknown = sum(1 for token in known if token == self._unknown)
        if not self._reads_han:
            unknown += sum(
                1
                for token in self._tokenizer.convert_ids_to_tokens([t for t in known if t != self._unknown])
                if "\u3040" <= token[:1] <= "\u9fff"
            )
        return unknown / len(known)


def _quieten() -> None:
    """Progress bars and advice of the libraries do not belong on somebody's terminal."""
    for name in ("transformers", "sentence_transformers", "huggingface_hub", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    importlib.import_module("huggingface_hub.utils").disable_progress_bars()


def _fingerprint(folder: Path) -> str:
    """Names the weights in a folder, so that a model that was trained on counts as another one."""
    named = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin")):
        with path.open("rb") as weights:
            named.update(hashlib.file_digest(weights, "sha256").digest())
    return named.hexdigest()[:12]


def _spare_cores(torch: Any) -> None:  # noqa: ANN401  # the module
    """Half the cores, one at least: threads that wait for each other on a busy machine are slower than one.

    On two cores shared with other work one short text took 155 ms with one thread and 775 ms with two.
    """
    torch.set_num_threads(max(1, (torch.get_num_threads() or 1) // 2))


def _load_sentence_model(
    setting: str, device: str, going_on: Callable[[], bool], *, local: bool = False
) -> SentenceModel:
    # One after the other, with a look between: a program that closes does not wait for all of them.
    for module in ("torch", "transformers", "sentence_transformers"):
        if not going_on():
            raise LoadingStopped
        importlib.import_module(module)
    if not going_on():
        raise LoadingStopped
    _quieten()
    _spare_cores(sys.modules["torch"])
    transformer = importlib.import_module("sentence_transformers").SentenceTransformer
    if setting == PACKAGED:
        # only the safetensors file is read for weights; no pickle, no code, no network
        loaded = transformer(
            str(find_packaged()),
            device=device or "cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        return SentenceModel(loaded, PACKAGED_NAME, Prefixes())
    folder = Path(setting).expanduser()
    here = folder.is_dir()
    loaded = transformer(
        str(folder) if here else setting,
        device=device or None,
        local_files_only=here or local,
        trust_remote_code=False,
    )
    revision = _fingerprint(folder) if here else getattr(loaded[0].auto_model.config, "_commit_hash", None)
    name = folder.name if here else setting
    return SentenceModel(loaded, f"{name}@{revision or 'unknown'}", prefixes_for(setting))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, and one sentence when it is not the one that was asked for."""

    model: Model
    complaint: str = ""


def load_model(setting: str, *, device: str = "", going_on: Callable[[], bool] = lambda: True) -> Loaded:
    """The model a setting names; where that one cannot be loaded, the packaged one serves. Blocking, seconds.

    Args:
        setting: ``packaged``, ``hash``, the name of a sentence-transformers model, or the folder of one.
        device: ``cpu``, ``cuda``, ``mps`` …; empty: the processor for the packaged model, and for another
            what sentence-transformers finds. Where it cannot be used, the processor is.
        going_on: asked between the slow steps; False gives up.

    Raises:
        LoadingStopped: ``going_on`` said so.
        EmbedderMissing: not even the packaged model can be loaded.
    """
    if setting == HASH:
        return Loaded(HashModel())
    complaint = ""
    if setting != PACKAGED:
        try:
            return _load_on(setting, device, going_on)
        except LoadingStopped:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a stranger's model does, the packaged one serves
            complaint = (
                f"The embedding model {setting} cannot be loaded ({_reason(error)}); the packaged one serves."
            )
    try:
        loaded = _load_on(PACKAGED, device, going_on)
    except LoadingStopped:
        raise
    except Exception as error:
        raise EmbedderMissing(type(error).__name__) from error
    return replace(loaded, complaint=complaint or loaded.complaint)


def load_again(setting: str, name: str, *, going_on: Callable[[], bool] = lambda: True) -> Model | None:
    """A model that was used before, from this machine alone and on the processor. Blocking, seconds.

    Args:
        setting: as in ``load_model``.
        name: what the model was called; other weights under the same setting are not what is looked for.
        going_on: as in ``load_model``.

    Raises:
        LoadingStopped: ``going_on`` said so.
    """
    if setting == HASH:
        return HashModel()
    try:
        model = _load_sentence_model(setting, "cpu", going_on, local=True)
    except LoadingStopped:
        raise
    except Exception:  # noqa: BLE001  # it has gone, or will not load any more: there is a newer one
        return None
    return model if model.name == name else None


def _load_on(setting: str, device: str, going_on: Callable[[], bool]) -> Loaded:
    """The model on a device, or on the processor with a complaint where that one cannot be used."""
    try:
        return Loaded(_load_sentence_model(setting, device, going_on))
    except LoadingStopped:
        raise
    except Exception as error:
        if device in ("", "cpu"):
            raise
        made = _load_sentence_model(
            setting, "cpu", going_on
        )  # fails again where it is not the device's fault
        return Loaded(made, f"The device {device} cannot be used ({_reason(error)}); the processor serves.")


def _reason(error: Exception) -> str:
    """The first line of what a library says, as far as it fits in a sentence."""
    said = str(error).strip()
    return said.splitlines()[0][:160] if said else type(error).__name__
