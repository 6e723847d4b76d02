"""Each planted fault must still match the source; `scripts/planted-faults` plants them."""

from planted_faults import FAULTS
from product import ROOT


def test_each_fault_stands_where_it_says():
    assert len(FAULTS) == 40
    for name, file, text, replacement, _ in FAULTS:
        assert (ROOT / file).read_text().count(text) == 1, name
        assert text != replacement, name
