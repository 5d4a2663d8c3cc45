"""A language model that does what a test says: an OpenAI-compatible server on loopback."""

from tests.fakes.openai.saying import Answer, Says, tell
from tests.fakes.openai.server import Asked, FakeOpenAI

__all__ = ["Answer", "Asked", "FakeOpenAI", "Says", "tell"]
