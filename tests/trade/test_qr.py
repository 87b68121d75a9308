"""Checks QR codes against published examples, byte for byte, and that each refusal names its field."""

import json

import pytest
from typer.testing import CliRunner

from caravan import cli
from caravan.kernel.money import Money
from caravan.trade import qr

# Where each was published, and the payload.
PUBLISHED = [
    (
        "EMVCo, Merchant-Presented Mode, the sample payload of the annex; also in the README of emvqr on npm",
        (
            "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT"
            "6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME"
            "91320016A0112233449988770708123456786304A13A"
        ),
    ),
    (
        "Banco Central do Brasil, Manual de Padrões para Iniciação do Pix, static code",
        (
            "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal"
            "6008BRASILIA62070503***63041D3D"
        ),
    ),
    (
        "github.com/phannaly/emv-qr-code, README",
        (
            "00020101021252044131153137210116372101160123456789ABCDE6016Banteay Meanchey5913Kuntheas Shop5802KH540510.00"
            "5303840621201081234567863041FF2"
        ),
    ),
    (
        "rubygems.org, emv_qr_code_processor 1.1.2, README, what it encodes",
        (
            "000201010212153137210116372101160123456789ABCDE520441315303840540510.005802KH5913Kuntheas Shop"
            "6016Banteay Meanchey62120108123456786304A7A8"
        ),
    ),
    (
        "a Python parser of SGQR, its test's first example: several schemes in one code",
        (
            "0002010102111531480007024800070280007025499435326590011COM.REMOPAY01102000000338020400000304000104040000990201"
            "27330015SG.COM.DASH.WWW0110100210041328650017COM.QQ.WEIXIN.PAY011010000003370204000003040001040400009902012972"
            "0013sg.com.ezlink0114FMP-10000003380204SGQR0317NPL-0001-0000000004046AF951800007SG.SGQR01121809072DDA29020701."
            "00010306058602040200050200060400000708201809155204000053037025802SG5909hisenyuan6009Singapore63044F90"
        ),
    ),
    (
        "the same, its second example: PayNow, static",
        "00020101021126380009SG.PAYNOW010100211+6584554295030115204000053037025802SG5902NA6009SINGAPORE630416D8",
    ),
    (
        "a Go library for PayNow, TestPayNowUEN",
        (
            "00020101021226520009SG.PAYNOW010120213S99345678ABCD03011040899991231520400005303702540512.345802SG"
            "5912ACME Pte Ltd6009Singapore62110107INV123463041E74"
        ),
    ),
    (
        "the same, TestPayNowMobile",
        (
            "00020101021226500009SG.PAYNOW010100211+659099123403011040899991231520400005303702540512.345802SG5902NA"
            "6009Singapore62110107INV123463048AF5"
        ),
    ),
    (
        "kiznick's ThaiQRReader, its example: PromptPay",
        "00020101021129370016A000000677010111011300660000000005802TH530376463048956",
    ),
    (
        "the test data of qriskit: QRIS with two accounts",
        (
            "00020101021126620014COM.GO-JEK.WWW011993600914123456789010210G1234567890303UMI51440014ID.CO.QRIS.WWW"
            "0215ID10200123456780303UMI5204581253033605802ID5911TOKO CONTOH6007JAKARTA61051011062120708KASIR-0163043ACC"
        ),
    ),
    (
        "the documentation of a Kenyan wallet's QR module: the central bank's standard",
        (
            "00020101021129230008ke.go.qr680722266655204541153034045802KE5919Thika Vivian Stores6002KE6102008231"
            "0008ke.go.qr011511062025T1259066304AA94"
        ),
    ),
    (
        "the demo of a PayNow library for phones: dynamic, with an invoice's number",
        (
            "00020101021226500009SG.PAYNOW010100211+659123456703010040820310916520400005303702540525.505802SG"
            "5913Demo Merchant6009Singapore62160112INV-DEMO-00163048F64"
        ),
    ),
]
SAMPLE = PUBLISHED[0][1]


def signed(body: str) -> str:
    """Give a payload the check sum that it should have."""
    return f"{body}6304{qr.checksum(f'{body}6304')}"


def made(**changed: object) -> str:
    told: dict[str, object] = {
        "name": "Ana's Kitchen", "city": "Porto", "country": "PT", "currency": "EUR", "account": "sel_000000000001",
    }  # fmt: skip
    return qr.make(**(told | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(("source", "payload"), PUBLISHED, ids=[source[:40] for source, _ in PUBLISHED])
def test_a_published_code_is_read_and_written_again_byte_for_byte(source: str, payload: str) -> None:
    objects = qr.decode(payload)

    assert qr.encode(objects).encode() == payload.encode(), source
    assert qr.understand(objects).accounts


def test_the_check_value_of_the_check_sum_is_the_published_one() -> None:
    assert qr.checksum("123456789") == "29B1"


def test_emvcos_sample_is_understood() -> None:
    told = qr.understand(qr.decode(SAMPLE))

    assert (told.amount, told.name, told.city, told.is_dynamic) == (
        Money(2_372, "CNY"),
        "BEST TRANSPORT",
        "BEIJING",
        True,
    )
    assert told.accounts["D15600000000"] == {"05": "A93FO3230Q"}


@pytest.mark.parametrize(
    ("amount", "currency", "number"),
    [(Money(450, "EUR"), "4.50", "978"), (Money(450, "JPY"), "450", "392"), (Money(4_500, "KWD"), "4.500", "414")],
)
def test_an_amount_has_the_digits_of_its_currency(amount: Money, currency: str, number: str) -> None:
    payload = made(amount=amount, currency=amount.currency)

    assert f"5303{number}54{len(currency):02d}{currency}" in payload
    assert qr.understand(qr.decode(payload)).amount == amount


def test_a_code_without_an_amount_is_static_and_one_with_it_dynamic() -> None:
    codes = [qr.understand(qr.decode(made(amount=amount, reference="Table 4"))) for amount in (None, Money(1, "EUR"))]

    assert [code.is_dynamic for code in codes] == [False, True]
    assert codes[0].accounts == {"org.caravan": {"01": "sel_000000000001"}}
    assert codes[0].reference == "Table 4"


@pytest.mark.parametrize("place", range(len(SAMPLE) - 8))
def test_one_changed_character_is_noticed(place: int) -> None:
    other = "7" if SAMPLE[place] != "7" else "8"

    with pytest.raises(qr.UnreadableQr):
        qr.decode(SAMPLE[:place] + other + SAMPLE[place + 1 :])


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ("", "00"),
        ("000202" + SAMPLE[6:], "00"),
        (SAMPLE[:-4] + "0000", "63"),
        (SAMPLE[:-8], "63"),
        (signed("0002015303978" + "5303978"), "53"),
        (signed("0002015905Ana"), "59"),
        (signed("00020159"), "payload"),
        (signed("000201x902ab"), "payload"),
        (signed("0002015900"), "59"),
        (signed("00020126060099ab"), "26.00"),
        (signed("000201260600029"), "26"),
        ("000201" + "9" * 600, "payload"),
    ],
)
def test_what_cannot_be_read_names_its_field(payload: str, field: str) -> None:
    with pytest.raises(qr.UnreadableQr) as refused:
        qr.decode(payload)

    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("000201", "53"),
        ("0002015303999", "53"),
        ("00020101021353039785404", "01"),
        ("000201530397854041e10", "54"),
        ("000201530397854051.005", "54"),
        ("00020153039785404-100", "54"),
        ("000201530339254031.5", "54"),
        ("000201530397854040.00", "54"),
    ],
)
def test_what_cannot_be_paid_names_its_field(body: str, field: str) -> None:
    if body.endswith("5404"):
        body = body.removesuffix("5404")

    with pytest.raises(qr.UnreadableQr) as refused:
        qr.understand(qr.decode(signed(body)))

    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "x" * 26}, "59"),
        ({"name": ""}, "59"),
        ({"city": "x" * 16}, "60"),
        ({"country": "pt"}, "58"),
        ({"category": "12"}, "52"),
        ({"account": ""}, "26.01"),
        ({"reference": "x" * 26}, "62.05"),
        ({"amount": Money(0, "EUR")}, "54"),
        ({"amount": Money(1, "USD")}, "54"),
        ({"amount": Money(10**15, "EUR")}, "54"),
    ],
)
def test_what_does_not_fit_into_a_code_names_its_field(changed: dict[str, object], field: str) -> None:
    with pytest.raises(qr.UnreadableQr) as refused:
        made(**changed)

    assert refused.value.details["field"] == field


def test_the_command_makes_a_code_and_reads_it_back() -> None:
    run = CliRunner().invoke
    options = ["--name", "Ana", "--city", "Porto", "--country", "PT", "--account", "sel_1", "--currency", "EUR"]
    payload = run(cli.app, ["qr", "make", *options, "--amount", "4.50"], catch_exceptions=False).stdout.strip()

    read = run(cli.app, ["qr", "read", payload, "--json"], catch_exceptions=False)
    said = run(cli.app, ["qr", "read", payload], catch_exceptions=False)

    assert json.loads(read.stdout)["request"]["amount"] == {"amount": 450, "currency": "EUR"}
    assert "asks for 4.50 EUR" in said.stderr
