"""What can be wrong with a file. A class's docstring is what a person reads, its key finds the wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ImportProblem(Exception):
    """It could not be read.

    Attributes:
        key: where the wording stands in ``prompts/texts``; it takes ``{name}``, ``{limit}`` and ``{count}``.
        lost: something the person may have wanted was left out. False for a note about a file that was kept.
        final: nothing after it is read either.
    """

    key: ClassVar[str] = "import.problem.unreadable"
    lost: ClassVar[bool] = True
    final: ClassVar[bool] = False

    def __init__(self, name: str = "", *, limit: int = 0, count: int = 1) -> None:
        self.name, self.limit, self.count = name, limit, count
        super().__init__(self.sentence(limit=limit, count=count))

    @classmethod
    def sentence(cls, *, limit: int = 0, count: int = 1) -> str:
        """The English sentence, its bound and its count filled in."""
        first_line = (cls.__doc__ or "").strip().partition("\n")[0]
        return first_line.format(limit=limit, count=count)


class Unreadable(ImportProblem):
    """The disk did not give it back."""

    key = "import.problem.unreadable"


class Missing(ImportProblem):
    """There is no such file."""

    key = "import.problem.missing"


class NoPermission(ImportProblem):
    """This program is not allowed to open it."""

    key = "import.problem.no_permission"


class NotAFile(ImportProblem):
    """It is neither a file nor a folder."""

    key = "import.problem.not_a_file"


class Empty(ImportProblem):
    """There are no words in it."""

    key = "import.problem.empty"


class TooBig(ImportProblem):
    """It is larger than {limit} MB."""

    key = "import.problem.too_big"


class TooMuch(ImportProblem):
    """All files together are larger than {limit} MB. Those before it were kept, the rest was not read."""

    key = "import.problem.too_much"
    final = True


class TooManyFiles(ImportProblem):
    """There are more than {limit} files. Those before it were kept, the rest was not read."""

    key = "import.problem.too_many_files"
    final = True


class TooManyEntries(ImportProblem):
    """There are more than {limit} entries. What came before was kept, the rest was not read."""

    key = "import.problem.too_many_entries"
    final = True


class TooDeep(ImportProblem):
    """It lies more than {limit} levels deep."""

    key = "import.problem.too_deep"


class NameTooLong(ImportProblem):
    """Its name is longer than {limit} characters."""

    key = "import.problem.name_too_long"


class UnknownKind(ImportProblem):
    """This kind cannot be read. Bring Markdown, plain text, a Telegram export (JSON) or a zip of them."""

    key = "import.problem.unknown_kind"


class LeftAside(ImportProblem):
    """{count} other files in it, such as pictures, were left aside."""

    key = "import.problem.left_aside"
    lost = False


class NotText(ImportProblem):
    """It is not text in UTF-8, UTF-16 or GB18030. Save it as UTF-8 and bring it again."""

    key = "import.problem.not_text"


class BrokenCharacters(ImportProblem):
    """{count} of its characters are damaged and were replaced by a mark. The rest was kept."""

    key = "import.problem.broken_characters"
    lost = False


class BadFrontMatter(ImportProblem):
    """The block at its top is not valid YAML. The text below it was kept."""

    key = "import.problem.bad_front_matter"
    lost = False


class BrokenZip(ImportProblem):
    """The zip is damaged. Pack it again and bring it again."""

    key = "import.problem.broken_zip"


class Damaged(ImportProblem):
    """It is damaged inside its zip."""

    key = "import.problem.damaged"


class Encrypted(ImportProblem):
    """It is locked with a password. Pack it without one and bring it again."""

    key = "import.problem.encrypted"


class UnknownPacking(ImportProblem):
    """It is packed in a way that cannot be opened. Pack it as an ordinary zip and bring it again."""

    key = "import.problem.unknown_packing"


class ZipBomb(ImportProblem):
    """It unpacks to more than {limit} times its size, or its parts overlap, so it was closed."""

    key = "import.problem.zip_bomb"


class UnsafeName(ImportProblem):
    """Its name points outside the zip."""

    key = "import.problem.unsafe_name"


class LinkInZip(ImportProblem):
    """It is a link to another file, not a file."""

    key = "import.problem.link_in_zip"


class NotAnExport(ImportProblem):
    """It is JSON, but not a chat exported by Telegram Desktop."""

    key = "import.problem.not_an_export"


class GroupChats(ImportProblem):
    """{count} group chats or channels in it were left out. Only chats between two people are read."""

    key = "import.problem.group_chats"
    lost = False


class UnknownSender(ImportProblem):
    """It does not say which of the people in it is you."""

    key = "import.problem.unknown_sender"


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was brought, and what was wrong with it.

    Attributes:
        name: the file's name, fit to be shown; never an absolute path.
        reason: its docstring is the English sentence, ``reason.key`` finds the wording.
        limit: the bound that was passed, in the unit of the sentence (MB, files, levels, characters).
        count: how many files, characters or chats it stands for.
    """

    name: str
    reason: type[ImportProblem]
    limit: int = 0
    count: int = 1

    @classmethod
    def of(cls, error: ImportProblem, name: str = "") -> Problem:
        """The problem that was raised, under the name it carries or the one given."""
        return cls(error.name or name, type(error), error.limit, error.count)

    @property
    def key(self) -> str:
        """Where the wording stands in ``prompts/texts``."""
        return self.reason.key

    @property
    def lost(self) -> bool:
        """Whether something the person may have wanted was left out."""
        return self.reason.lost

    def __str__(self) -> str:
        return f"{self.name}: {self.reason.sentence(limit=self.limit, count=self.count)}"
