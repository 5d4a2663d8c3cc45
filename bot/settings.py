"""Every setting, read once, here and nowhere else: ``OFFRAMP_*`` in the environment or in ``.env``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "OFFRAMP_"


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
    database_url: str = Field(
        default="",
        description="Postgres instead of the SQLite file in the home: postgresql+psycopg://user@host/name.",
    )
    chroma_url: str = Field(default="", description="A Chroma server instead of the embedded one.")
    embedder: str = Field(
        default="packaged",
        description="The embedding model: the packaged all-MiniLM-L6-v2, or a sentence-transformers name or path.",
    )
    country: str = Field(
        default="",
        description="Two letters (CN, US, …): whose emergency numbers are named when a person set no country.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="How much the log tells. It never holds a word of a diary or a secret."
    )

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


def find_unknown() -> tuple[str, ...]:
    """``OFFRAMP_*`` names in the environment that are no setting: most likely a slip of the pen."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return tuple(sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known))
