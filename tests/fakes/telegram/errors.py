"""What the Bot API answers when it refuses, in its own words."""

from typing import Any


class ApiError(Exception):
    """A refusal, as it travels to the bot.

    Args:
        code: The HTTP status, which is also ``error_code`` in the body.
        description: The whole sentence, prefix included.
        parameters: ``ResponseParameters``, such as ``{"retry_after": 5}``.
    """

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters or {}

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(reason: str) -> ApiError:
    """A 400 as the Bot API server words it: lower case, unless the reason is a CODE_LIKE_THIS."""
    is_code = len(reason) > 1 and (reason[1] == "_" or reason[1].isupper())
    return ApiError(400, "Bad Request: " + (reason if is_code else reason[:1].lower() + reason[1:]))


def forbidden(reason: str) -> ApiError:
    return ApiError(403, f"Forbidden: {reason}")


def conflict(reason: str) -> ApiError:
    return ApiError(409, f"Conflict: {reason}")


def too_many_requests(retry_after: int) -> ApiError:
    """A 429 that asks to wait ``retry_after`` seconds."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def not_found(reason: str = "") -> ApiError:
    return ApiError(404, "Not Found" + (f": {reason}" if reason else ""))


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized")
