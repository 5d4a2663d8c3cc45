"""The program ``offramp``. Nothing heavy is imported before a command needs it: ``--help`` stays quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.settings import Settings

USER = click.option(
    "--user", default="local", show_default=True, help="Whose data; the terminal's person is local."
)
FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


class _Failed(click.ClickException):
    """One sentence on standard error, exit code 1."""


def _run(body: Callable[[Settings], Coroutine[Any, Any, int | None]], **overrides: object) -> None:
    """Runs a command's coroutine; what is foreseen ends in one sentence and an exit code."""
    import asyncio
    import gc

    from bot.errors import explained
    from bot.settings import load_settings

    gc.freeze()  # what was imported stays: collecting it again and again is the start's largest waste
    with explained(_Failed):
        code = asyncio.run(body(load_settings(**overrides)))
    gc.freeze()  # the program is over: going through all of torch once more would take seconds
    sys.exit(code or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="offramp", prog_name="offramp")
def main() -> None:
    """Offramp: a career coach that remembers. Start with: offramp run."""


LANG = click.option("--lang", type=click.Choice(["zh", "en"]), help="The language of the first meeting.")


@main.command()
@USER
@LANG
@click.option("--telegram", is_flag=True, help="Insist on Telegram: without a token this fails.")
def run(user: str, lang: str | None, telegram: bool) -> None:
    """Talk: in Telegram when a token is set, else in the terminal; from a pipe, each line is a message."""
    from bot.commands.talk import talk

    _run(lambda settings: talk(settings, user=user, language=lang, insist=telegram))


@main.command()
@USER
@LANG
def chat(user: str, lang: str | None) -> None:
    """Talk in the terminal."""
    from bot.commands.talk import talk_in_terminal

    _run(lambda settings: talk_in_terminal(settings, user=user, language=lang))


@main.command()
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def demo(lang: str) -> None:
    """Watch two weeks of one invented person with the coach, in under a minute. Nothing is kept."""
    from bot.commands.demo import play

    _run(lambda _: play("en" if lang == "en" else "zh"))


@main.command()
@USER
def link(user: str) -> None:
    """Show a code that joins you to your Telegram: send /link CODE to the bot."""
    from bot.commands.link import show_code

    _run(lambda settings: show_code(settings, user=user))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@USER
def reflect(file: Path, user: str) -> None:
    """Sort a long text into what you want, where it sticks, why, and what you could do."""
    from bot.commands.reflect import reflect_file

    _run(lambda settings: reflect_file(settings, file, user=user))


@main.command(name="import")
@FILES
@USER
def import_(files: tuple[Path, ...], user: str) -> None:
    """Bring in notes: Markdown, text, a Telegram export, or a zip of them."""
    from bot.commands.bring import bring_in

    _run(lambda settings: bring_in(settings, files, user=user))


@main.command()
@USER
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="The folder to write to; the home's exports otherwise.",
)
def export(user: str, folder: Path | None) -> None:
    """Write everything of one person to a file."""
    from bot.commands.keep import export_person

    _run(lambda settings: export_person(settings, user=user, folder=folder))


@main.command()
@USER
@click.option("--message", type=int, help="One memory, by its number.")
@click.option("--import", "last_import", type=click.Choice(["last"]), help="The last file brought in.")
@click.option("--all", "everything", is_flag=True, help="Everything of this person.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(
    user: str, message: int | None, last_import: str | None, everything: bool, yes: bool
) -> None:  # click's flags
    """Erase one memory, the last import, or everything of one person, with a receipt."""
    from bot.commands.keep import forget_person

    if sum((message is not None, last_import is not None, everything)) != 1:
        raise click.UsageError("Say what to erase: --message N, --import last, or --all.")
    if not yes:
        click.confirm("This cannot be brought back. Erase it?", abort=True)
    _run(lambda settings: forget_person(settings, user=user, message=message, everything=everything))


@main.command()
def reindex() -> None:
    """Rebuild the search index from the database."""
    from bot.commands.keep import reindex_all

    _run(reindex_all)


@main.command()
@click.argument("words", nargs=-1, required=True)
@USER
@click.option("--explain", is_flag=True, help="Each leg's score.")
def recall(words: tuple[str, ...], user: str, explain: bool) -> None:  # click's flag
    """Find what was said about something."""
    from bot.commands.keep import recall_words

    _run(lambda settings: recall_words(settings, " ".join(words), user=user, explain=explain))


@main.command()
def doctor() -> None:
    """Say in one screen what is configured, what answers, and what to do about what does not."""
    from bot.commands.doctor import examine

    _run(examine)


@main.command()
def worker() -> None:
    """Think and send for processes that only take in; needs Postgres and OFFRAMP_WORKERS=true."""
    from bot.commands.talk import work

    _run(work)


@main.command()
def users() -> None:
    """Count the people, by what they do; never who, and never what they say."""
    from bot.commands.operate import show_users

    _run(show_users)


TELEGRAM_ID = click.argument("telegram_id", type=int)


@main.command()
@TELEGRAM_ID
def allow(telegram_id: int) -> None:
    """Let a Telegram id in, whatever OFFRAMP_ALLOWED_USERS says."""
    from bot.commands.operate import let_in

    _run(lambda settings: let_in(settings, telegram_id, allowed=True))


@main.command()
@TELEGRAM_ID
def block(telegram_id: int) -> None:
    """Keep a Telegram id out: nothing more is taken or sent; what is stored stays."""
    from bot.commands.operate import let_in

    _run(lambda settings: let_in(settings, telegram_id, allowed=False))


@main.command()
@click.option("--reset", type=int, metavar="TELEGRAM_ID", help="Let this person's day begin again.")
def budgets(reset: int | None) -> None:
    """Show what a language model cost today, of all and by how many; never who."""
    from bot.commands.operate import show_budgets

    _run(lambda settings: show_budgets(settings, reset=reset))


@main.command()
@click.option("--retry", type=int, help="Try this update again.")
@click.option("--drop", type=int, help="Drop this update.")
def dead(retry: int | None, drop: int | None) -> None:
    """List what was set aside, by number and reason; try one again, or drop it."""
    from bot.commands.operate import show_dead

    if retry is not None and drop is not None:
        raise click.UsageError("Say one: --retry N or --drop N.")
    _run(lambda settings: show_dead(settings, retry=retry, drop=drop))


@main.command()
@click.argument("zh")
@click.argument("en")
@click.option("--yes", is_flag=True, help="Do not ask.")
def broadcast(zh: str, en: str, yes: bool) -> None:
    """Tell everybody something in their language, once each, such as a maintenance."""
    from bot.commands.operate import tell_everybody

    if not yes:
        click.confirm(f"To everybody:\n  {zh}\n  {en}\nSend it?", abort=True)
    _run(lambda settings: tell_everybody(settings, zh=zh, en=en))


@main.command()
def rotate() -> None:
    """Give the webhook a new secret, while everything runs."""
    from bot.commands.operate import rotate_secret

    _run(rotate_secret)


@main.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the database to this version; ``offramp run`` does it by itself."""
    from bot.commands.keep import upgrade_database

    _run(upgrade_database)


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write everything into one file, while the program runs; the file overwrites nothing."""
    from bot.commands.move import back_up_to

    _run(lambda settings: back_up_to(settings, file))


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """Put a backup in the place of what is stored, which is laid aside. Stop the program first."""
    from bot.commands.move import restore_from

    _run(lambda settings: restore_from(settings, file))


@db.command()
@click.option(
    "--to", required=True, help="postgresql+psycopg://user@host/name, or sqlite+aiosqlite:///file.db."
)
def move(to: str) -> None:
    """Copy everything into another database and prove that it arrived; interrupted, begin again."""
    from bot.commands.move import move_database

    _run(lambda settings: move_database(settings, to=to))


@main.command()
@click.argument("items", type=click.Path(path_type=Path))
@click.option("--parallel", type=click.IntRange(min=1), help="Items at a time; 4 with a model, else 1.")
@click.option("--out", type=click.Path(path_type=Path), help="Adds to this file; what is in it is skipped.")
@click.option("--price-in", type=float, default=0.0, help="Of a million tokens read.")
@click.option("--price-out", type=float, default=0.0, help="Of a million tokens written.")
@click.option("--judge", help="A model that compares playbook, chain and the plain model, blind.")
@click.option("--seed", type=int, default=0, show_default=True, help="Who stands first before the judge.")
def evaluate(
    items: Path,
    parallel: int | None,
    out: Path | None,
    price_in: float,
    price_out: float,
    judge: str | None,
    seed: int,
) -> None:
    """Answer evaluation items, one JSON reply a line on standard output."""
    from bot.commands.evaluate import Run, evaluate_items

    run = Run(parallel or 0, out, (price_in, price_out))
    if judge:
        from bot.commands.judge import judge_items

        _run(lambda settings: judge_items(settings, items, run, judge=judge, seed=seed))
    _run(lambda settings: evaluate_items(settings, items, run))


@main.group()
def bench() -> None:
    """Measure recall and replies beside their floors."""


@bench.command(name="recall")
@click.argument("file", type=click.Path(path_type=Path))
def bench_recall_command(file: Path) -> None:
    """Recall on a file in the plain format, beside other systems where they are installed."""
    from bot.commands.measure import measure_recall

    _run(lambda settings: measure_recall(settings, file))


@bench.command(name="reply")
def bench_reply_command() -> None:
    """How long a reply takes with 100 and with 10,000 messages stored."""
    from bot.commands.measure import measure_reply

    _run(measure_reply)
