"""`client forget`: erases a client, then the bytes of their pictures here and at the provider.

A process that is killed in between leaves work that `media fetch` or a repeated `client forget`
finishes.
"""

from petmsg.errors import PetmsgError
from petmsg.plurals import counted
from petmsg.queries import erase as queries
from petmsg.services.people import erase as service
from petmsg.workflows.fetch_media import MediaFetcher
from petmsg.workflows.store import Store


def forget(store: Store, client: str, *, reason: str) -> tuple[service.Forgotten, list[str]]:
    """Erase a client. Safe to repeat.

    Also returns sentences about what is still to be deleted. Raises what `service.forget` raises.
    """
    forgotten = store.write(service.forget, client, reason=reason)
    if store.dry_run:
        return forgotten, []
    with store.snapshot() as cursor:
        org = store.org(cursor)
    fetcher = MediaFetcher(store)
    left: list[str] = []
    try:
        fetcher.finish_erasing([org])
    except PetmsgError as problem:
        left.append(f"The bytes of pictures are not deleted yet: {problem.message}")
    with store.snapshot() as cursor:
        waiting = queries.waiting_for_provider(cursor, org.id)
    if waiting:
        left.append(f"The provider may still have copies of {counted(waiting, 'picture')}.")
        left += [problem.message for problem in fetcher.problems.values()]
    return forgotten, [*left, "To delete them: petmsg media fetch"] if left else []
