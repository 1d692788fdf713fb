"""The petmsg error for whatever was raised: a driver's error, a file's, or a bug."""

from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.errors import Misconfigured, PetmsgError
from petmsg.settings import DEBUG

BUG = "bug"


def named_error(problem: BaseException) -> PetmsgError:
    """The petmsg error for whatever was raised; one with the code `bug` if nothing explains it."""
    if isinstance(problem, PetmsgError):
        return problem
    if is_driver_error(problem):
        return translate(problem)
    if isinstance(problem, OSError):
        failed = Misconfigured(
            f"{problem.filename or 'A file'}: {problem.strerror or problem}.",
            hint="Check the path, its permissions and the free space.",
        )
        failed.code = "file_error"
        return failed
    bug = PetmsgError(
        f"petmsg has a bug: {type(problem).__name__}.",
        hint="Run petmsg doctor: a damaged value in the database can be the cause. The command may "
        "have stopped in the middle, and what it had stored before stays stored: look at what it "
        "did (petmsg audit list) before you run it again. Report what it prints with "
        f"{DEBUG}=1.",
    )
    bug.code = BUG
    return bug
