"""Runs the benchmark of taxes at tiny size: both ways say the same, and it measures what it says."""

from benchmarks import taxed


def test_taxes_are_assessed_alike_compiled_and_read() -> None:
    found = taxed.run(200)

    assert (found["consignments"], found["lines"], found["rules"]) == (200, 3, 90)
    assert all(float(str(found[name])) > 0 for name in ("parts", "compiled_us", "read_us", "laid_out_us"))
