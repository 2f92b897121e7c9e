"""Every way a request or a job can fail: a class, a sentence, a status.

The docstring of a class is its default sentence. APIs put the sentence into their own dialect; nothing here knows HTTP
bodies. Rooms raise these, `web/` answers them.
"""

from typing import ClassVar


class FilemillError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        super().__init__(self.message)


class BadRequest(FilemillError):
    """The request cannot be read as what this address takes."""

    status = 400


class FileRefused(BadRequest):
    """The file is not what its name says, or cannot be taken as it is."""


class BadName(BadRequest):
    """A file of this name is not taken; give it another one."""


class VirusFound(BadRequest):
    """The virus scanner found something in the file; it was not kept."""


class WrongHost(BadRequest):
    """This service is not known under this host's name (FILEMILL_HOSTS lists the names that it has)."""


class WrongStatus(BadRequest):
    """The job's status does not allow this."""


class NotSignedIn(FilemillError):
    """Not signed in: send a valid bearer token."""

    status = 401


class NoSession(FilemillError):
    """There is no session, or it has ended: call GET /session/init, and send its cookie along."""

    status = 401


class NotYours(FilemillError):
    """This belongs to somebody else."""

    status = 403


class WrongCsrfToken(FilemillError):
    """The header X-CSRF-Token must carry the token that GET /session/init has answered."""

    status = 403


class CrossSite(FilemillError):
    """The session's cookie counts only for requests from this service's own pages."""

    status = 403


class NotFound(FilemillError):
    """There is no such thing here."""

    status = 404


class BodyTooSlow(FilemillError):
    """The body took too long to arrive; send it in one go, over a faster line."""

    status = 408


class TooLarge(FilemillError):
    """The file is larger than this address takes."""

    status = 413

    @classmethod
    def than(cls, most_bytes: int) -> "TooLarge":
        """The error that names the limit."""
        limit = f"{most_bytes >> 20}MB" if most_bytes % 2**20 == 0 else f"{most_bytes} byte"
        return cls(f"File size exceeds {limit} limit.")


class AddressTooLong(FilemillError):
    """The address is longer than 8 KiB, or its query has more than 100 fields; no address here needs that."""

    status = 414


class HeadersTooLarge(FilemillError):
    """The headers of the request are larger than 32 KiB in all; send fewer, or shorter cookies."""

    status = 431


class Impossible(FilemillError):
    """The request is well formed, but a value in it is impossible."""

    status = 422


class TooMany(FilemillError):
    """Too many requests; try again later."""

    status = 429

    def __init__(self, message: str | None = None, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CallerLeft(FilemillError):
    """Whoever asked has left."""

    status = 499


class Unavailable(FilemillError):
    """A part of the service is out of reach for the moment; try again in a few seconds."""

    status = 503


class NoRoom(Unavailable):
    """The service has too little disk space left to take anything in; what is in hand goes on. Try again later."""


class Crowded(Unavailable):
    """Too many connections are open from your address; close some, or try again in a few seconds."""


class StoreAway(Unavailable):
    """The object store is out of reach for the moment; try again in a few seconds."""


class DatabaseAway(Unavailable):
    """The database is out of reach for the moment; try again in a few seconds."""


class ScannerAway(Unavailable):
    """The virus scanner is out of reach for the moment, and no file is taken unscanned; try again in a few seconds."""


class TookTooLong(FilemillError):
    """This took longer than a request may take."""

    status = 504


class BadSetting(FilemillError):
    """A setting is wrong."""


class ProcessKilled(FilemillError):
    """A process of the run was ended from outside; the run has to be done again."""


class JobFailed(FilemillError):
    """The job failed.

    `code` is one of `jobs.job.ERROR_CODES`; `message` is one sentence for the caller; `at_fault` says who can mend it:
    the caller (the file, the steps) or us.
    """

    def __init__(self, code: str, message: str, *, at_fault: str = "caller") -> None:
        super().__init__(message)
        self.code = code
        self.at_fault = at_fault
