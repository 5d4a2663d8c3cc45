"""PLACEHOLDER, being written by the safety colleague."""

from dataclasses import dataclass

from coaching.model import Safety


@dataclass(frozen=True)
class SafetyVerdict:
    level: Safety
    words: str = ""
    why: str = ""


class SafetyCheck:
    def assess(self, text, language, vector=None, *, context=None):
        return SafetyVerdict(Safety.NONE)

    def assess_answer(self, text, language, previous):
        return Safety.NONE

    def fit_vectors(self, encode):
        return True


def build_crisis_text(verdict, language, country):
    return ""
