"""The grammar behind ``coaching.when``: days, clock times, cues and lengths in Chinese and in English."""
