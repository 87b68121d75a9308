"""Checks the reader of the ECB's reference rates on each form that it publishes, and on what is none."""

from pathlib import Path

import pytest

from caravan.bootstrap import read_rates
from caravan.kernel.errors import Invalid

DAILY_XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<Cube>
\t\t<Cube time='2026-11-27'>
\t\t\t<Cube currency='USD' rate='1.0825'/>
\t\t\t<Cube currency='JPY' rate='163.27'/>
\t\t</Cube>
\t</Cube>
</gesmes:Envelope>
"""
HISTORY_XML = (
    '<Cube><Cube time="2026-11-26"><Cube currency="USD" rate="1.1"/></Cube>'
    '<Cube time="2026-11-27"><Cube currency="USD" rate="1.0825"/><Cube currency="JPY" rate="163.27"/></Cube></Cube>'
)
DAILY_CSV = "Date, USD, JPY, \n27 November 2026, 1.0825, 163.27, \n"
HISTORY_CSV = "Date,USD,JPY,ISK,\n2026-11-27,1.0825,163.27,N/A,\n2026-11-26,1.1,160,N/A,\n"


@pytest.mark.parametrize("text", [DAILY_XML, HISTORY_XML, DAILY_CSV, HISTORY_CSV, "\ufeff" + HISTORY_CSV])
def test_the_newest_day_is_read_from_every_form(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rates"
    file.write_text(text, encoding="utf-8")

    read = read_rates(file)

    assert (read.source, read.day, read.base) == ("ECB", "2026-11-27", "EUR")
    assert read.rates == {"USD": "1.0825", "JPY": "163.27"}


@pytest.mark.parametrize(
    "text", ["", "<html></html>", "a,b\n1,2\n", "Date,USD\nsoon,1\n", "Date,USD\n2026-11-27,N/A\n"]
)
def test_what_is_no_file_of_rates_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rates"
    file.write_text(text, encoding="utf-8")

    for wrong in (file, tmp_path / "nothing", tmp_path):
        with pytest.raises(Invalid):
            read_rates(wrong)
