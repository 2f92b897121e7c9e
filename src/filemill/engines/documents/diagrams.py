"""The words and numbers of charts and diagrams in a docx, as paragraphs: pandoc knows neither."""

import zipfile
from collections.abc import Iterator

import lxml.etree

from filemill.engines.documents import office_parts, word_markup

_MOST = 1_000
"""Charts and diagrams that are told; a docx that shows one part again and again would grow without a bound."""


def put_words(archive: zipfile.ZipFile, part: str, tree: lxml.etree._Element) -> None:
    """Puts what each of them says behind the paragraph that it hangs at."""
    relations = office_parts.relations(archive, part)
    there = set(archive.namelist())
    known: dict[str, list[str]] = {}
    for shown in list(tree.iter("{*}chart", "{*}relIds"))[:_MOST]:
        is_chart = lxml.etree.QName(shown).localname == "chart"
        attribute = office_parts.attribute_of(shown, "id" if is_chart else "dm")
        related = relations.get(shown.get(attribute, "")) if attribute else None
        host = next(shown.iterancestors("{*}p"), None)
        if related is None or related.part not in there or host is None:
            continue
        if related.part not in known:
            said = office_parts.tree(archive, related.part)
            known[related.part] = list(_of_chart(said) if is_chart else _of_diagram(said))
        for words in reversed(known[related.part]):
            host.addnext(word_markup.paragraph(host, words))
        drawing = next(shown.iterancestors("{*}drawing"), None)
        if drawing is not None:
            office_parts.remove(drawing)


def _of_diagram(data: lxml.etree._Element) -> Iterator[str]:
    for point in data.iter("{*}pt"):
        for paragraph in point.iter("{*}p"):
            if words := _text(paragraph):
                yield words


def _of_chart(chart: lxml.etree._Element) -> Iterator[str]:
    """The titles, then a line for each series: `Harvest: Apples 3.5, Pears 4.25`."""
    for title in chart.iter("{*}title"):
        yield from filter(None, (_text(paragraph) for paragraph in title.iter("{*}p")))
    for series in chart.iter("{*}ser"):
        name = " ".join(_values(series, "tx"))
        names, numbers = (_values(series, "cat") or _values(series, "xVal"), _values(series, "val", "yVal"))
        rest = numbers[len(names) :]
        said = [f"{one} {number}" for one, number in zip(names, numbers, strict=False)] + rest
        yield f"{name}: {', '.join(said)}" if name else ", ".join(said)


def _values(series: lxml.etree._Element, *names: str) -> list[str]:
    """What a part of a series holds, as the file has stored it."""
    return [value.text or "" for name in names for one in series.iterfind(f"{{*}}{name}") for value in one.iter("{*}v")]


def _text(paragraph: lxml.etree._Element) -> str:
    return "".join(text.text or "" for text in paragraph.iter("{*}t")).strip()
