"""petmsg media …"""

from typing import Annotated

import typer

from petmsg import clock
from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, page
from petmsg.cli.results import show_results
from petmsg.queries import media_list as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.media import FETCHED, MEDIA, MEDIA_LIST, PRUNED, SAVED

app = new_app("List, show, save and fetch pictures and voicemails.")


@app.command(
    "list",
    prints=list_of(MEDIA_LIST),
    examples=["petmsg media list --client C-1", "petmsg media list --missing"],
)
def list_(
    context: Context,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="CLIENT", help="Only pictures of this client's thread."),
    ] = None,
    message: Annotated[
        int | None, typer.Option("--message", metavar="ID", help="Only pictures of this message.")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only pictures that are not fetched, or are lost.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List pictures and files of messages, and voicemails, newest first.

    Both received and sent ones. A voicemail is a file of the message that stands for its call in
    the inbox. A picture that is missing is fetched by petmsg media fetch, which
    cron runs; a lost one could not be fetched.
    """
    rows = context.read(
        queries.list_media,
        page(limit, before, all_),
        client=client,
        message=message,
        missing=missing,
    )
    context.show_list(MEDIA_LIST, rows)


@app.command(
    "show",
    prints=one(MEDIA),
    examples=["petmsg media show 1"],
)
def show(
    context: Context,
    media: Annotated[int, typer.Argument(metavar="ID", help="The picture's ID.")],
) -> None:
    """Show one picture: its type, hash, removed metadata and where it is.

    For a sent picture, also until when the provider can fetch it; for a voicemail, its call and its
    length.
    """
    from petmsg.workflows import media_files

    context.show_one(MEDIA, media_files.show(context, media))


@app.command(
    "save",
    prints=results_of(SAVED),
    examples=["petmsg media save 1 --to pictures", "petmsg media save 1 2 --to pictures --force"],
)
def save(
    context: Context,
    media: Annotated[list[str], typer.Argument(metavar="ID...", help="IDs of the pictures.")],
    to: Annotated[
        str, typer.Option("--to", metavar="DIR", help="The folder; it is made if it is missing.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace other files of the same name.")
    ] = False,
) -> None:
    """Save pictures and voicemails to files that only their owner can read.

    A file is named after the message, the picture's place in it and its name: 12-1-rex.jpg, or
    12-1-voicemail.mp3. A file with the same content stays as it is.
    """
    from petmsg.workflows import media_files

    ids = [queries.media_id(each) for each in media]
    show_results(context, SAVED, media_files.save_all(context, ids, folder=to, force=force))


@app.cron_command(
    "fetch",
    writes=True,
    prints=list_of(FETCHED),
    examples=["petmsg media fetch", "petmsg media fetch --org happy-paws --dry-run"],
)
def fetch(
    context: Context,
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]...", help="Only these, also those that were lost."),
    ] = None,
) -> None:
    """Fetch received pictures and voicemails from the provider (for cron).

    Covers all orgs unless --org is given. petmsg serve does the same at once, so this is for
    companies that use message pull, and to retry failed downloads. A download is retried after 10
    seconds, 1, 5 and 30 minutes; then the file is lost, with an alert. Naming its ID tries a lost
    one again, and fetches one whose stored bytes are gone or damaged. It also deletes the files of
    erased clients, here and at the provider. Exits with 10 if a picture was lost, and with 75 if
    one is to be tried again.
    """
    from petmsg.cli.flows import media as flow

    flow.fetch(context, ids or [])


@app.command(
    "prune",
    writes=True,
    prints=one(PRUNED),
    examples=["petmsg media prune --dry-run", "petmsg media prune --older-than 1d"],
)
def prune(
    context: Context,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="T", help="Only files stored longer ago: 30m, 1h, 2d."
        ),
    ] = "1h",
) -> None:
    """Delete stored files that no message has.

    A command that was refused or killed may leave such files; petmsg doctor reports them. Files
    younger than an hour may belong to a message that is being stored just now, so they stay.
    """
    from petmsg.workflows import prune_media

    longer = clock.parse_duration(older_than)
    context.show_one(PRUNED, prune_media.prune(context, older_than=longer))
