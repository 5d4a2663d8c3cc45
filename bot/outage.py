"""Tells an outage from a fault: the one costs no try, the other counts against the update that caused it."""

from __future__ import annotations

import errno

import httpx
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from telegram.error import BadRequest, NetworkError, RetryAfter

_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


def is_outage(error: BaseException) -> bool:
    """Whether any update would have failed: the database, the network or the machine does not answer."""
    if isinstance(error, BadRequest):  # python-telegram-bot counts it among the network errors
        return False
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout | NetworkError | RetryAfter):
        return True
    if isinstance(error, DBAPIError):
        return bool(error.connection_invalidated)
    if isinstance(error, httpx.TransportError | ConnectionError | TimeoutError):
        return True
    return isinstance(error, OSError) and error.errno in _MACHINE
