"""Reads a form that carries one file as it comes: the file is held nowhere, its text fields are few and small.

A route takes its Request with `request_max_body_size=None`: the limit is this room's.
"""

from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from filemill.errors import BadName, BadRequest, TooLarge
from filemill.pipelines import file_names

MOST_FIELDS = 20
MOST_FIELD_BYTES = 4096
BESIDE = 256 * 2**10
"""Bytes that a form may have beside its file: fields, headers, boundaries."""

_BROKEN = "The form is broken off, or written in another way than multipart/form-data."


class Form:
    """A form on its way in, read up to its file. `fields` holds the text that stood before the file.

    Read the file through `chunks`; once they have ended, `fields` holds all text of the form.
    """

    def __init__(self, stream: AsyncIterator[bytes], boundary: str, most_bytes: int, file_field: str) -> None:
        self.file_name = ""
        self.fields: dict[str, str] = {}
        self._stream = stream
        self._parser = PushMultipartParser(boundary, max_segment_count=MOST_FIELDS + 1)
        self._most = most_bytes
        self._file_field = file_field
        self._come = 0
        self._events: deque[MultipartSegment | bytes | None] = deque()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the file, once. Raises BadRequest for what is wrong with the rest of the form, and TooLarge."""
        while piece := await self._payload():
            yield piece
        while (segment := await self._segment()) is not None:
            if segment.filename is not None:
                raise BadRequest("The form holds two files; send one at a time.")
            await self._read_field(segment)

    async def find_file(self) -> None:
        """Reads as far as the file's first byte. Raises BadRequest where no file comes, BadName."""
        while (segment := await self._segment()) is not None:
            if segment.filename is None:
                await self._read_field(segment)
            elif segment.name != self._file_field:
                raise BadRequest(
                    f"The file must be in the form's field {self._file_field!r}, not {segment.name[:60]!r}."
                )
            else:
                self.file_name = _checked(segment.filename)
                return
        raise BadRequest(f"The form holds no file; send one in the field {self._file_field!r}.")

    async def _read_field(self, segment: MultipartSegment) -> None:
        name = segment.name
        if name == self._file_field:
            raise BadRequest(f"The form's field {name!r} must be a file, with a file name.")
        if name in self.fields:
            raise BadRequest(f"The form's field {name[:60]!r} is sent twice.")
        value = b""
        while piece := await self._payload():
            value += piece
            if len(value) > MOST_FIELD_BYTES:
                raise BadRequest(f"The form's field {name[:60]!r} is longer than {MOST_FIELD_BYTES} bytes.")
        try:
            self.fields[name] = value.decode()
        except UnicodeDecodeError as error:
            raise BadRequest(f"The form's field {name[:60]!r} is not in UTF-8.") from error
        if "\0" in self.fields[name]:
            raise BadRequest(f"The form's field {name[:60]!r} holds a NUL character, which no text here may have.")

    async def _payload(self) -> bytes:
        """The next bytes of a part; none at its end."""
        event = await self._next()
        return event if isinstance(event, bytes) else b""

    async def _segment(self) -> MultipartSegment | None:
        """How the next part begins; None at the form's end."""
        event = await self._next()
        return event if isinstance(event, MultipartSegment) else None

    async def _next(self) -> MultipartSegment | bytes | None:
        """What the parser says next; at the form's end None, as at a part's."""
        while not self._events:
            chunk = await anext(self._stream, None)
            try:
                if chunk is None:
                    self._parser.close()
                    return None
                self._come += len(chunk)
                if self._come > self._most + BESIDE:
                    raise TooLarge.than(self._most)
                if chunk:
                    self._events.extend(self._parser.parse(chunk))
            except MultipartError as error:
                raise BadRequest(_BROKEN) from error
        return self._events.popleft()


async def begin(request: Request[Any, Any, Any], *, most_bytes: int, file_field: str = "file") -> Form:
    """Reads a form up to its file, which may have so many bytes. Raises BadRequest, BadName, TooLarge."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise BadRequest(
            f"The body must be a form with a file in its field {file_field!r}: Content-Type multipart/form-data."
        )
    announced = request.content_length
    if announced is not None and announced > most_bytes + BESIDE:
        raise TooLarge.than(most_bytes)
    form = Form(request.stream(), boundary, most_bytes, file_field)
    await form.find_file()
    return form


def _checked(file_name: str) -> str:
    if not file_name:
        raise BadName("No file is chosen: the form's file has no name.")
    if (fault := file_names.fault(file_name)) is not None:
        raise BadName(f"The file's name {fault}.")
    return file_name
