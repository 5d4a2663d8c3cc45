"""Recall: finds what one person said before, by words, by sense and by lens.

>>> recall = open_recall(engine, home, clock=clock)
>>> await recall.start()  # the embedder loads behind it; words answer meanwhile
>>> await recall.index_pending(user_id)  # behind every answer
>>> found = await recall.recall(user_id, "what did I say about the promotion?")
>>> await recall.close()
"""

from memory.recall.fusion import Hit
from memory.recall.index import RecallIndex, Status, open_recall
from memory.recall.packaged import check_packaged
from memory.recall.settling import Answer

__all__ = ["Answer", "Hit", "RecallIndex", "Status", "check_packaged", "open_recall"]
