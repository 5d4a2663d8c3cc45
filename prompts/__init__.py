"""The words of Offramp: everything a person reads stands here as data, in Chinese and in English."""

from prompts.loading import PromptError, load_pattern, load_toml
from prompts.playbook_data import (
    Frame,
    Playbook,
    PlaybookQuestion,
    PlaybookStep,
    Theme,
    load_playbook,
    load_reflect_points,
)
from prompts.templates_data import PromptTemplate, fill_fact, load_template
from prompts.texts_data import list_keys, text, variants

__all__ = [
    "Frame",
    "Playbook",
    "PlaybookQuestion",
    "PlaybookStep",
    "PromptError",
    "PromptTemplate",
    "Theme",
    "fill_fact",
    "list_keys",
    "load_pattern",
    "load_playbook",
    "load_reflect_points",
    "load_template",
    "load_toml",
    "text",
    "variants",
]
