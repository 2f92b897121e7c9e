"""Reads request bodies: strict JSON, and forms, each into the struct its route names.

Litestar's own reading is lax (numbers as text pass, any content type is taken for JSON) and keeps forms, passwords
among them, in a cache; these classes take its place as the `dto` of a route.
"""

from collections.abc import Generator
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.openapi.spec import Operation, Reference, Schema
from litestar.typing import FieldDefinition

from filemill.errors import BadRequest
from filemill.web import shapes

T = TypeVar("T")
MOST_FORM_FIELDS = 20
MOST_PLAIN_BYTES = 2**17
"""Bytes of JSON that are made into dictionaries and lists, each of which costs time."""


class _Body(AbstractDTO[T]):
    """Tells Litestar that a route's `data` is decoded here and documented as its struct."""

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: object = None
    ) -> None:
        """Makes nothing: there is no transfer model beside the struct."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        """The struct's own schema."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        """Answers are not encoded here."""
        return False

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        """Yields nothing: fields are the struct's business."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Never asked."""
        return False

    @property
    def _content_type(self) -> str:
        return str(self.asgi_connection.headers.get("content-type", "")).partition(";")[0].strip().lower()


class JsonBody(_Body[T]):
    """A JSON body as its struct: nothing unknown, no number as text. Its `check`, if it has one, follows the shape."""

    taken = frozenset({RequestEncodingType.JSON.value})

    def decode_bytes(self, value: bytes) -> T:
        """The struct. Raises BadRequest for the shape, what `check` raises for the values, and 415."""
        if self._content_type not in self.taken:
            raise HTTPException(status_code=415, detail="The body must be JSON with the Content-Type application/json.")
        return decode(value, self.model_type)


class AnyJsonBody(JsonBody[T]):
    """The same, whatever a page says of its kind: a text that is sent without more is called text/plain by browsers.

    For routes that want a CSRF token, which no page of another site has.
    """

    taken = frozenset({RequestEncodingType.JSON.value, "text/plain", ""})


class FormBody(_Body[T]):
    """A form body as its struct, whose fields are text; fields it does not know are passed over."""

    def decode_bytes(self, value: bytes) -> T:
        """The struct. Raises BadRequest."""
        if self._content_type != RequestEncodingType.URL_ENCODED:
            raise BadRequest("The body must be a form, with the Content-Type application/x-www-form-urlencoded.")
        return decode_form(value, self.model_type)


class FormOperation(Operation):
    """Documents the body of a FormBody route as a form."""

    def to_schema(self) -> dict[str, Any]:
        """The operation as a dictionary."""
        written = super().to_schema()
        (media,) = written["requestBody"]["content"].values()
        written["requestBody"]["content"] = {RequestEncodingType.URL_ENCODED.value: media}
        return written


def decode(body: bytes, struct: type[T]) -> T:
    """JSON text -> the struct, its values checked. Raises BadRequest and whatever the struct's `check` raises."""
    try:
        value = msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError as error:
        raise BadRequest(shapes.sentence(error, _plain(body, struct), struct)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest("The body is not JSON in UTF-8.") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deeply.") from error
    check = getattr(value, "check", None)
    if check is not None:
        check()
    # PostgreSQL stores no NUL in texts. In JSON one can only stand as this escape, so most bodies are not walked.
    if b"\\u0000" in body and _has_nul(msgspec.to_builtins(value)):
        raise BadRequest("The body holds a NUL character (\\u0000), which no text here may have.")
    return value


def decode_form(body: bytes, struct: type[T]) -> T:
    """Form text -> the struct. Raises BadRequest."""
    if body.count(b"&") >= MOST_FORM_FIELDS:
        raise BadRequest(f"The form has more than the {MOST_FORM_FIELDS} fields it may have.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise BadRequest("The body is not a form in UTF-8.") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise BadRequest("A field of the form is sent twice.")
    if any("\0" in text for text in fields.values()):
        raise BadRequest("The form holds a NUL character, which no text here may have.")
    try:
        return msgspec.convert(fields, struct)
    except msgspec.ValidationError as error:
        raise BadRequest(shapes.sentence(error, fields, struct)) from error


def _plain(body: bytes, struct: Any) -> object:
    """The body as dictionaries and lists; None where it is no JSON behind the place that does not fit.

    Of a large one only the known fields that are no large ones themselves: a million small lists, made for a sentence
    alone, would stop everybody for half a second.
    """
    try:
        if len(body) <= MOST_PLAIN_BYTES:
            return msgspec.json.decode(body)
        parts = msgspec.structs.asdict(msgspec.json.decode(body, type=_raw(struct)))
        return {
            field.encode_name: msgspec.json.decode(part)
            for field in msgspec.structs.fields(struct)
            if 0 < len(part := parts[field.name]) <= MOST_PLAIN_BYTES
        }
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


@cache
def _raw(struct: Any) -> type[msgspec.Struct]:
    """A struct of the same fields, each as it stands in the body."""
    fields = msgspec.structs.fields(struct)
    names = {field.name: field.encode_name for field in fields}
    return msgspec.defstruct("Raw", [(name, msgspec.Raw, msgspec.Raw(b"")) for name in names], rename=names)


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, list | tuple) and any(map(_has_nul, value))
