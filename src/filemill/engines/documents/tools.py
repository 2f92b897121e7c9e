"""Every tool that a chain may name, as far as it is installed on this machine."""

import msgspec

from filemill.engines.documents import (
    alt_chunks,
    cells,
    extraction,
    inert_markdown,
    libreoffice,
    markup,
    open_documents,
    pandoc,
    paragraphs,
    pdf_of_pictures,
    pdf_text,
    pdfium,
    pictures,
    rich_text,
    sheet_pages,
    texts,
    typst,
)
from filemill.engines.documents.libreoffice import LibreOffice
from filemill.engines.documents.plain_files import PlainFiles
from filemill.engines.documents.task import Tool
from filemill.engines.documents.workbooks import Workbooks


class Kit(msgspec.Struct, frozen=True):
    """What is there: name -> tool, and name -> version of the programs and libraries behind them."""

    tools: dict[str, Tool]
    versions: dict[str, str]
    office: LibreOffice

    def warm(self) -> None:
        """Starts ahead what takes long to start."""
        self.office.warm()

    def end(self) -> None:
        """Ends what stays."""
        self.office.end()


_WITH_PANDOC: dict[str, Tool] = {
    "pandoc": pandoc.convert,
    "markdown": pandoc.from_markdown,
    "whole_docx": alt_chunks.put_in,
}


def look() -> Kit:
    """Looks for every tool."""
    office = LibreOffice()
    plain, books = PlainFiles(office), Workbooks(office)
    programs: tuple[tuple[str, str | None, dict[str, Tool]], ...] = (
        (
            "libreoffice",
            libreoffice.version(),
            {"libreoffice": office.convert, "workbook": books.convert, "workbook_words": books.say},
        ),
        ("pandoc", pandoc.version(), _WITH_PANDOC),
        ("typst", typst.version(), {"typst": typst.convert}),
        ("pdfium", pdfium.version(), {"pdfium": pdfium.convert, "pdf_text": pdf_text.write}),
        ("pillow", pictures.version(), {"pictures": pictures.convert}),
        ("img2pdf", pdf_of_pictures.version(), {"img2pdf": pdf_of_pictures.convert}),
        ("xberg", extraction.version(), {"xberg": extraction.convert}),
    )
    there = [(name, version, its) for name, version, its in programs if version is not None]
    ours = {
        "utf8": texts.to_utf8,
        "clean_html": markup.clean_html,
        "inert_html": markup.make_inert,
        "inert_markdown": inert_markdown.write,
        "clean_svg": markup.clean_svg,
        "clean_rtf": rich_text.clean,
        "clean_odf": open_documents.clean,
        "paragraphs": paragraphs.to_html,
        "plain_docx": plain.docx,
        "plain_pptx": plain.pptx,
        "typed_cells": cells.to_sheet,
        "whole_page": sheet_pages.whole,
        "sheet_markdown": sheet_pages.to_markdown,
        "sheet_text": sheet_pages.to_text,
    }
    tools = {name: tool for _, _, its in there for name, tool in its.items()}
    return Kit(ours | tools, {name: version for name, version, _ in there}, office)
