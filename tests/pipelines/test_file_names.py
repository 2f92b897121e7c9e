"""What a file may be called: one rule for forms, jobs and whatever names files later."""

import pytest

from filemill.pipelines import file_names

TURNING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("name", ["a.csv", "Städte 2024.xlsx", "数据.json", ".hidden", "x" * 251 + ".csv", "שלום.txt"])
def test_a_name_in_any_script_is_good(name):
    assert file_names.fault(name) is None


@pytest.mark.parametrize("name", ["", "x" * 252 + ".csv", "é" * 126 + ".txt"])
def test_the_length_counts_in_bytes(name):
    assert file_names.fault(name) == "must be 1 to 255 bytes long"


@pytest.mark.parametrize("name", ["a/b.csv", "a\\b.csv", "..a.csv", "a\0.csv", "a\n.csv", "a\x9b.csv"])
def test_a_name_leads_nowhere(name):
    assert "must not hold" in str(file_names.fault(name))


@pytest.mark.parametrize("sign", TURNING, ids=lambda sign: f"U+{ord(sign):04X}")
def test_a_name_shows_the_extension_that_it_has(sign):
    assert "turn the direction" in str(file_names.fault(f"invoice{sign}fdp.csv"))
