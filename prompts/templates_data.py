"""The prompts for a language model: ``templates/*.md``, readable by a coach who does not program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from prompts.loading import PromptError, load_toml

CHANGING = "=== from here on it changes with every message ==="


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template in two halves: ``stable`` is the same for everybody, so a provider can keep it cached."""

    name: str
    stable: str
    changing: str

    def fill(self, **values: str) -> str:
        """The changing half with its ``$names`` filled in; what is filled in is never parsed again.

        Raises:
            PromptError: a name has no value.
        """
        try:
            return Template(self.changing).substitute(values)
        except KeyError as error:
            raise PromptError(f"prompts/templates/{self.name}.md needs a value for {error}") from error


@cache
def load_template(name: str) -> PromptTemplate:
    """One template by its name; without a dividing line all of it is the changing half.

    Raises:
        PromptError: there is no such template.
    """
    try:
        words = resources.files("prompts").joinpath(f"templates/{name}.md").read_text("utf-8")
    except FileNotFoundError as error:
        raise PromptError(f"prompts/templates/{name}.md is missing") from error
    stable, found, changing = words.partition(CHANGING)
    return (
        PromptTemplate(name, stable.strip(), changing.strip()) if found else PromptTemplate(name, "", words)
    )


def fill_fact(name: str, **values: object) -> str:
    """One sentence of ``templates/facts.toml``.

    Raises:
        PromptError: no such sentence, or a name in it has no value.
    """
    try:
        return Template(load_toml("templates/facts.toml")[name]).substitute(values)
    except KeyError as error:
        raise PromptError(f"prompts/templates/facts.toml: {name} lacks {error}") from error
