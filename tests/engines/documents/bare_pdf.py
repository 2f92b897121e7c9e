"""Pdf files of a few objects, written by hand."""


def stream(content: bytes, more: bytes = b"") -> bytes:
    """An object that is a stream."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def made(*objects: bytes, more: bytes = b"") -> bytes:
    """A file of these objects, the second of all its pages; `more` stands in its catalogue."""
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate((b"<</Type/Catalog/Pages 2 0 R%s>>" % more, *objects), 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, each)
    start, size = len(out), len(places) + 1
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    return bytes(out + head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start))
