"""The home folder: made on the first start, checked on every start, and explained when it cannot be used."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class HomeUnusable(Exception):
    """The home folder cannot be used."""


_REASONS = {
    errno.ENOSPC: "the disk is full: free some space, nothing that was stored is lost",
    errno.EDQUOT: "your disk quota is used up: free some space, nothing that was stored is lost",
    errno.EROFS: "the disk is read-only: set OFFRAMP_HOME to a folder that can be written",
    errno.EACCES: "there is no permission to write there: set OFFRAMP_HOME to a folder of your own",
    errno.EPERM: "there is no permission to write there: set OFFRAMP_HOME to a folder of your own",
    errno.ENOENT: "part of that path does not exist and cannot be made: set OFFRAMP_HOME to a folder",
    errno.ENOTDIR: "part of that path is a file: set OFFRAMP_HOME to a folder",
    errno.EEXIST: "that path is a file: set OFFRAMP_HOME to a folder",
}


def explain(error: OSError) -> str:
    """What to do about it, in one clause."""
    return _REASONS.get(error.errno or 0, error.strerror or "the system refused")


def prepare_home(home: Path) -> None:
    """Makes the folder readable by its owner alone, and proves that it can be written.

    Raises:
        HomeUnusable: with one sentence on what to do.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home, prefix=".probe-") as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise HomeUnusable(f"Cannot use {home} as the home: {explain(error)}.") from error
