"""How long and how deep the names in an archive may be."""

import pytest

from filemill.pipelines import entry_names


@pytest.mark.parametrize(
    "name",
    ["word/document.xml", "a/" * 31 + "x", "a//" * 31 + "x", "x" * 255, "", "/" * 200],
    ids=lambda name: name[:9],
)
def test_names_within_the_bounds_are_fine(name):
    assert entry_names.trouble(["mimetype", name]) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/" * 32 + "x", "A part of it lies 33 levels deep; 32 are allowed. Save it with fewer folders."),
        ("a\\" * 40, "A part of it lies 40 levels deep; 32 are allowed. Save it with fewer folders."),
        ("x" * 256, "A part of it has a name of 256 bytes; 255 are allowed. Save it with shorter names."),
        ("語" * 86, "A part of it has a name of 258 bytes; 255 are allowed. Save it with shorter names."),
    ],
    ids=["deep", "by backslashes", "long", "long in bytes"],
)
def test_names_beyond_the_bounds_are_told(name, said):
    assert entry_names.trouble(["mimetype", name, "other"]) == said
