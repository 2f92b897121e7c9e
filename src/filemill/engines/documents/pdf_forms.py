"""What was filled into a pdf's form, and written on its pages as notes: where it stands, and what it says."""

import ctypes
from collections.abc import Callable, Iterator

import msgspec
import pypdfium2
from pypdfium2 import raw

TICKED, EMPTY = "\u2612", "\u2610"
"""Boxes as signs, as those of a list of tasks."""

_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_SECRET = 1 << 13
"""The flag of a field that shows no letter of what it holds."""

_TICKS = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_CHOICES = (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
_MOST_BYTES = 1 << 20


class Entry(msgspec.Struct, frozen=True):
    """What a field or a note says; its sides in points from the lower left corner of the page."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def read(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> list[Entry]:
    """The entries of a page, in the file's order. The document's forms are open."""
    return [entry for entry in map(_entry_of(document), _annotations(page)) if entry is not None]


def _annotations(page: pypdfium2.PdfPage) -> Iterator[raw.FPDF_ANNOTATION]:
    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if annotation:
            yield annotation
            raw.FPDFPage_CloseAnnot(annotation)


def _entry_of(document: pypdfium2.PdfDocument) -> Callable[[raw.FPDF_ANNOTATION], Entry | None]:
    def entry(annotation: raw.FPDF_ANNOTATION) -> Entry | None:
        if raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
            return None
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_WIDGET and document.formenv:
            text = _of_field(document.formenv, annotation)
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            text = _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
        else:
            return None
        sides = raw.FS_RECTF()
        if not text.strip() or not raw.FPDFAnnot_GetRect(annotation, sides):
            return None
        return Entry(_lines(text), sides.left, sides.bottom, sides.right, sides.top)

    return entry


def _of_field(form: pypdfium2.PdfFormEnv, field: raw.FPDF_ANNOTATION) -> str:
    kind = raw.FPDFAnnot_GetFormFieldType(form, field)
    if kind in _TICKS:
        return TICKED if raw.FPDFAnnot_IsChecked(form, field) else EMPTY
    if kind in _CHOICES and (chosen := _chosen(form, field)):
        return "\n".join(chosen)
    if kind not in (raw.FPDF_FORMFIELD_TEXTFIELD, *_CHOICES):
        return ""
    value = _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, field, buffer, size))
    return "*" * len(value) if raw.FPDFAnnot_GetFormFieldFlags(form, field) & _SECRET else value


def _chosen(form: pypdfium2.PdfFormEnv, field: raw.FPDF_ANNOTATION) -> list[str]:
    """The labels of what was chosen: its value is a name for programs."""

    def label(number: int) -> str:
        return _string(lambda buffer, size: raw.FPDFAnnot_GetOptionLabel(form, field, number, buffer, size))

    options = range(max(0, raw.FPDFAnnot_GetOptionCount(form, field)))
    return [label(number) for number in options if raw.FPDFAnnot_IsOptionSelected(form, field, number)]


def _string(ask: Callable[[object, int], int]) -> str:
    """What a function says that fills a buffer with UTF-16, and tells how many bytes it needs."""
    size = min(ask(None, 0), _MOST_BYTES)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", errors="replace").rstrip("\0")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
