"""Every setting, read once, here and nowhere else: ``OFFRAMP_*`` in the environment or in ``.env``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "OFFRAMP_"
TRACING = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")


class WrongSettings(Exception):
    """A setting has a value that cannot be used."""


class Settings(BaseSettings):
    """What an operator may set. The README says of each what its description says."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=lambda: user_data_path("offramp"),
        description="The folder that holds everything: the database, the index, exports and the log.",
    )
    telegram_token: SecretStr = Field(
        default=SecretStr(""),
        description="The bot's token from @BotFather. With it, offramp run is in Telegram.",
    )
    telegram_base_url: str = Field(
        default="https://api.telegram.org", description="A local Bot API server instead of Telegram's own."
    )
    allowed_users: str = Field(
        default="",
        description="Who gets in: Telegram ids with commas between; * for everyone; "
        "empty for the one person who follows the pairing link printed at start.",
    )
    webhook_url: str = Field(
        default="",
        description="The public https address at which Telegram delivers updates instead of being asked.",
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""),
        description="What Telegram proves itself with (A-Z a-z 0-9 _ -); made from the token when empty.",
    )
    webhook_listen: str = Field(
        default="127.0.0.1:8080", description="Where the webhook listens; a proxy with TLS stands before it."
    )
    messages_per_minute: int = Field(
        default=30, ge=1, description="How much of one person is thought about in a minute; the rest waits."
    )
    sends_per_second: int = Field(
        default=30,
        ge=1,
        le=1000,
        description="Messages to all chats in a second: Telegram allows 30, and 1000 when paid for.",
    )
    workers: bool = Field(
        default=False,
        description="offramp run only takes in, and offramp worker thinks and sends; needs Postgres.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Answers /metrics, /healthz and /readyz on this port; 0 for none.",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="The address of that port; 0.0.0.0 inside a container."
    )
    database_url: str = Field(
        default="",
        description="Postgres instead of the SQLite file in the home: postgresql+psycopg://user@host/name.",
    )
    chroma_url: str = Field(default="", description="A Chroma server instead of the embedded one.")
    embedder: str = Field(
        default="packaged",
        description="The embedder: the packaged all-MiniLM-L6-v2, or a sentence-transformers name or path.",
    )
    device: str = Field(
        default="",
        description="What the embedder runs on: cpu, cuda, mps; empty: the processor for the packaged one, "
        "and for another the best there is.",
    )
    model: str = Field(
        default="",
        description="The language model: openai:NAME, anthropic:NAME, ollama:NAME …; none when empty.",
    )
    model_base_url: str = Field(
        default="",
        description="An OpenAI-compatible server (DeepSeek, Qwen, Kimi, vLLM, llama.cpp, LM Studio).",
    )
    model_api_key: SecretStr = Field(
        default=SecretStr(""), description="The model provider's key; a server of your own wants none."
    )
    model_deadline: float = Field(
        default=20.0, gt=0, le=300, description="Seconds until the playbook answers instead of the model."
    )
    tokens_per_day: int = Field(
        default=200_000,
        ge=0,
        description="What one person's answers may cost in a day, in tokens; 0: no limit.",
    )
    tokens_per_day_all: int = Field(
        default=0, ge=0, description="What all answers together may cost in a day, in tokens; 0: no limit."
    )
    tracing: bool = Field(
        default=False,
        description="Lets LangSmith or LangChain tracing, set up elsewhere, see what people write.",
    )
    transcriber: str = Field(
        default="",
        description="A model that turns voice messages into text, such as whisper-1, by an OpenAI-compatible "
        "server; empty: voice gets an honest answer.",
    )
    transcriber_base_url: str = Field(
        default="", description="That server, such as http://127.0.0.1:8000/v1; empty: OpenAI's own."
    )
    transcriber_api_key: SecretStr = Field(default=SecretStr(""), description="Its key, where it wants one.")
    country: str = Field(
        default="",
        description="Two letters (CN, US, …): whose emergency numbers are named by default.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="How much the log tells. It never holds a word of a diary or a secret."
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="text: lines in the home's offramp.log; json: one object a line on standard error, "
        "with one id for each update.",
    )

    @field_validator("allowed_users")
    @classmethod
    def _check_allowed(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        if value.strip() != "*" and not all(name.isascii() and name.isdigit() for name in names):
            raise ValueError("give Telegram ids (numbers) with commas between, or *")
        return value.strip()

    @field_validator("telegram_token")
    @classmethod
    def _check_token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip()
        if token and not re.fullmatch(r"\d{1,15}:[A-Za-z0-9_-]{20,}", token):
            raise ValueError("this is not a bot token; @BotFather gives one like 123456789:AA…")
        return SecretStr(token)

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.get_secret_value()):
            raise ValueError("use 1 to 256 of A-Z a-z 0-9 _ -")
        return value

    @field_validator("webhook_listen")
    @classmethod
    def _check_listen(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("write HOST:PORT, such as 127.0.0.1:8080")
        return value

    @property
    def allowed(self) -> frozenset[int] | None:
        """The Telegram ids that get in; None for everyone."""
        if self.allowed_users == "*":
            return None
        return frozenset(int(name) for name in self.allowed_users.split(",") if name.strip())

    @property
    def database(self) -> str:
        """The database's URL, SQLite in the home unless another was set."""
        from memory.sql.engine import sqlite_url

        return self.database_url or sqlite_url(self.home / "offramp.db")


def load_settings(**overrides: object) -> Settings:
    """The settings, with command-line options on top.

    Raises:
        WrongSettings: a value cannot be used; the message names the setting and never its value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates them
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = f"{PREFIX}{'_'.join(str(part) for part in wrong['loc'])}".upper()
        raise WrongSettings(f"{name}: {wrong['msg']}") from None


def silence_tracing() -> None:
    """Switches tracing services off for this process, whatever the environment says of them."""
    for name in TRACING:
        os.environ[name] = "false"  # noqa: TID251  # the one home of the environment


def find_unknown() -> tuple[str, ...]:
    """``OFFRAMP_*`` names in the environment that are no setting: most likely a slip of the pen."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    there = os.environ  # noqa: TID251  # the one home of the environment
    return tuple(sorted(name for name in there if name.startswith(PREFIX) and name not in known))
