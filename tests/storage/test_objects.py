"""The names under which objects are handed out."""

import pytest

from filemill.storage import objects


@pytest.mark.parametrize(
    ("file_name", "plain"),
    [
        ("people.xlsx", "people.xlsx"),
        ("Größe.xlsx", "Groe.xlsx"),
        ('a;b".csv.gz', "a_b_.csv.gz"),
        ("\N{GRINNING FACE}.xlsx", "file.xlsx"),
        (".xlsx", "file.xlsx"),
        ("..", "file"),
        ("表", "file"),
    ],
)
def test_the_plain_name_is_ascii_and_keeps_the_extension(file_name: str, plain: str) -> None:
    header = objects.disposition(file_name)

    assert header.isascii()
    assert header.endswith(f"; filename={plain}")
