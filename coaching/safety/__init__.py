"""One door for safety: what a message says about a life in danger, and the fixed words that answer it.

``SafetyCheck.assess`` reads every inbound text before anything else. Its layers, each weaker and wider than
the one before: a normal form that undoes spelling tricks; idioms and denials covered; a lexicon; shapes of
sentences; a classifier over character n-grams and families of words, trained on first use from sentences
written for this project; and, where the embedder can read the message, its vector. All words stand in
``prompts/safety``. What each layer reaches is measured in ``tests/bench/safety.py``.

The texts follow the project's notes on crisis handling, which condense what 988 and Samaritans advise: ask
plainly, repeat their words once, never a method, a lecture or a contract, people before numbers.
"""

from coaching.safety.answers import assess_answer
from coaching.safety.checking import Encode, SafetyCheck
from coaching.safety.hearing import ALARM, DOUBT, windows
from coaching.safety.learning import Classifier, load_everyday, load_examples
from coaching.safety.normal import HAN, Span, normalise
from coaching.safety.verdict import CALM, SafetyVerdict, Why
from coaching.safety.words import build_cleared_text, build_crisis_text, build_return_text

__all__ = [
    "ALARM",
    "CALM",
    "DOUBT",
    "HAN",
    "Classifier",
    "Encode",
    "SafetyCheck",
    "SafetyVerdict",
    "Span",
    "Why",
    "assess_answer",
    "build_cleared_text",
    "build_crisis_text",
    "build_return_text",
    "load_everyday",
    "load_examples",
    "normalise",
    "windows",
]
