"""Checks how numbers are defined: what can't be computed is refused with line and cure, and nobody sees another's rows."""

from datetime import date

import msgspec
import pytest

from caravan.insight import metrics
from caravan.insight.metrics import Definitions, Fault, Limit, Question, RollUp, Viewer, WrongDefinitions, formulas
from caravan.insight.metrics.definitions import Aggregate, Named, Number, Operation
from caravan.kernel.errors import Invalid

MODEL = """\
semantic_model:
  - name: test
    datasets:
      - name: sold
        primary_key: [sale]
        fields:
          - {name: day, dimension: {is_time: true}}
          - {name: sale}
          - {name: seller, dimension: {}, custom_extensions: [{vendor_name: COMMON, data: '{"id": "sel"}'}]}
          - {name: buyer, dimension: {}, custom_extensions: [{vendor_name: COMMON, data: '{"private": true}'}]}
          - {name: color, dimension: {}}
          - {name: currency, dimension: {}}
          - {name: amount, custom_extensions: [{vendor_name: COMMON, data: '{"unit": "money"}'}]}
          - {name: euros, custom_extensions: [{vendor_name: COMMON, data: '{"unit": "money", "currency": "EUR"}'}]}
          - {name: reais, custom_extensions: [{vendor_name: COMMON, data: '{"unit": "money", "currency": "BRL"}'}]}
        custom_extensions:
          - {vendor_name: COMMON, data: '{"seller": "seller", "currency": "currency", "facts": ["sold.v1"]}'}
      - name: lines
        primary_key: [sale, line]
        fields: [{name: day, dimension: {is_time: true}}, {name: sale}, {name: line}, {name: size, dimension: {}}]
        custom_extensions: [{vendor_name: COMMON, data: '{"facts": ["sold.v1", "made.v1"]}'}]
      - name: shops
        primary_key: [seller]
        fields: [{name: seller}, {name: town, dimension: {}}]
    relationships:
      - {name: sold_to_shops, from: sold, to: shops, from_columns: [seller], to_columns: [seller]}
    metrics:
"""
LINE = MODEL.count("\n") + 1
GMV = '- {name: gmv, expression: {dialects: [{dialect: ANSI_SQL, expression: "SUM(sold.amount)"}]}}'


def metric(name: str, expression: str, **more: object) -> str:
    told = msgspec.json.encode(more).decode()
    return (
        f'- {{name: {name}, expression: {{dialects: [{{dialect: ANSI_SQL, expression: "{expression}"}}]}},'
        f" custom_extensions: [{{vendor_name: COMMON, data: '{told}'}}]}}"
    )


def defined(*told: str, model: str = MODEL) -> Definitions:
    text = model + "".join(f"      {one}\n" for one in told)
    return metrics.define([metrics.read_yaml(text, "test.yaml")])


def faults(*told: str, model: str = MODEL) -> list[Fault]:
    with pytest.raises(WrongDefinitions) as caught:
        defined(*told, model=model)
    return caught.value.faults


@pytest.fixture(scope="module")
def shipped() -> Definitions:
    return metrics.define([metrics.read_yaml(metrics.shipped(), "marketplace.yaml")])


def test_the_shipped_numbers_are_sound_and_each_says_all_that_a_reader_needs(shipped: Definitions) -> None:
    assert len(shipped.metrics) >= 30
    for one in shipped.metrics.values():
        assert all((one.label, one.description, one.domain, one.process, one.owner, one.unit)), one.name
        assert shipped.lineage(one), one.name


def test_the_shipped_file_has_the_shape_of_the_open_semantic_interchange() -> None:
    class Dialect(msgspec.Struct, forbid_unknown_fields=True):
        dialect: str
        expression: str

    class Expression(msgspec.Struct, forbid_unknown_fields=True):
        dialects: list[Dialect]

    class Extension(msgspec.Struct, forbid_unknown_fields=True):
        vendor_name: str
        data: str

    class Dimension(msgspec.Struct, forbid_unknown_fields=True):
        is_time: bool

    class Field(msgspec.Struct, forbid_unknown_fields=True):
        name: str
        expression: Expression
        dimension: Dimension | None = None
        custom_extensions: list[Extension] = []

    class Dataset(msgspec.Struct, forbid_unknown_fields=True):
        name: str
        source: str
        description: str
        fields: list[Field]
        primary_key: list[str] = []
        custom_extensions: list[Extension] = []

    class Relationship(msgspec.Struct, forbid_unknown_fields=True, rename={"origin": "from"}):
        name: str
        origin: str
        to: str
        from_columns: list[str]
        to_columns: list[str]

    class Metric(msgspec.Struct, forbid_unknown_fields=True):
        name: str
        description: str
        expression: Expression
        custom_extensions: list[Extension] = []

    class Model(msgspec.Struct, forbid_unknown_fields=True):
        name: str
        description: str
        datasets: list[Dataset]
        relationships: list[Relationship]
        metrics: list[Metric]
        custom_extensions: list[Extension] = []

    class File(msgspec.Struct, forbid_unknown_fields=True):
        version: str
        semantic_model: list[Model]

    file = msgspec.yaml.decode(metrics.shipped(), type=File)

    for one in file.semantic_model[0].metrics:
        assert all(msgspec.json.decode(extension.data) for extension in one.custom_extensions)


# Formulas.


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("SUM(a.b)", Aggregate("sum", "a", "b")),
        ("COUNT(a.*)", Aggregate("count", "a")),
        ("COUNT(DISTINCT a.b)", Aggregate("count_distinct", "a", "b")),
        ("one / NULLIF(two, 0)", Operation("/", Named("one"), Named("two"))),
        ("(one - 2) * 1.5", Operation("*", Operation("-", Named("one"), Number(2)), Number(1.5))),
        ("MAX(a.b) + MIN(a.b)", Operation("+", Aggregate("max", "a", "b"), Aggregate("min", "a", "b"))),
    ],
)
def test_a_formula_is_read_as_it_is_meant(text: str, formula: object) -> None:
    assert formulas.read_formula(text) == formula


@pytest.mark.parametrize(
    "text",
    [
        "AVG(a.b)", "COUNT(*)", "a.b", "SUM(b)", "SELECT 1", "SUM(a.b) OVER ()", "x; DROP TABLE y", "UPPER(a.b)", "'text'",
        "SUM(a.b * c.d)", "COUNT(DISTINCT a.b, a.c)", "(SELECT SUM(x) FROM y)", "", "SUM(", "NULLIF(a, 1)",
    ],
)  # fmt: skip
def test_what_no_metric_can_be_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(formulas.Unreadable) as caught:
        formulas.read_formula(text)

    assert caught.value.cure


@pytest.mark.parametrize("text", ["a OR b", "a = b", "other.a = 1", "a LIKE 'x'", "NOT a = 1", "a = 1.5"])
def test_a_qualifier_that_compares_no_own_field_with_a_value_is_refused(text: str) -> None:
    with pytest.raises(formulas.Unreadable):
        formulas.read_conditions(text, "sold")


# Files that are wrong: each fault has its line and its cure.


@pytest.mark.parametrize(
    ("told", "says", "cures"),
    [
        ([metric("x", "SUM(sold.nothing)")], "sold has no field nothing", "It may be"),
        ([metric("x", "SUM(gone.amount)")], "there is no dataset gone", "It may be"),
        ([metric("x", "gvm / 2"), GMV], "there is no metric gvm", "gmv"),
        ([metric("x", "y / 2"), metric("y", "x / 2")], "x → y → x", "aggregate"),
        ([metric("x", "x / 2")], "x → x", "aggregate"),
        ([metric("x", "SUM(sold.euros) + SUM(sold.reais)")], "mixed currencies", "one currency"),
        ([metric("x", "SUM(sold.amount) + COUNT(sold.*)")], "unlike units", "measured alike"),
        ([metric("x", "COUNT(sold.*) / SUM(sold.amount)")], "divided by money", "around"),
        ([metric("x", "SUM(sold.amount) * SUM(sold.amount)")], "money times money", "count"),
        ([metric("x", "SUM(sold.amount * lines.size)")], "fan-out", "one dataset at a time"),
        ([GMV, GMV], "a second time", "Delete"),
        ([GMV, metric("gmv", "COUNT(sold.*)")], "contradicts", "another name"),
        ([GMV, metric("sales", "SUM(sold.amount)")], "the same number as gmv", "ai_context"),
        ([metric("x", "COUNT(shops.*)")], "no day", "is_time"),
        ([metric("x", "1 + 1")], "counts nothing", "Aggregate"),
        ([GMV, metric("x", "gmv / 2", derive={"cumulative": "month"})], "only a sum or a count", "parts"),
        ([metric("x", "COUNT(DISTINCT sold.buyer)", derive={"cumulative": "month"})], "only a sum or a count", "parts"),
        ([metric("x", "COUNT(sold.*)", derive={"cumulative": "decade"})], "derives nothing", "month"),
        ([metric("x", "COUNT(sold.*)", derive={"retention": "month", "who": "nobody"})], "nobody", "It may be"),
        ([GMV, metric("x", "gmv", derive={"change": "year"}), metric("y", "x / 2")], "derived over time", "afterwards"),
        ([GMV, metric("x", "gmv / gmv", derive={"funnel": ["gmv", "gone"]})], "there is no metric gone", "gmv"),
        ([metric("Bad name", "COUNT(sold.*)")], "is no name", "small letters"),
        ([metric("x", "COUNT(sold.*)", audience=["buyer"])], "An audience is", "operator"),
        ([metric("x", "COUNT(sold.*)", goal="sideways")], "A goal is", "better"),
        ([metric("x", "COUNT(sold.*) / 2", qualifier="color = 1")], "Only an aggregate", "atomic"),
        ([metric("x", "COUNT(sold.*)", qualifier="smell = 1")], "sold has no field smell", "It may be"),
        (["- {name: x}"], "no expression", "dialects"),
    ],
)  # fmt: skip
def test_a_wrong_metric_is_refused_naming_line_and_cure(told: list[str], says: str, cures: str) -> None:
    found = faults(*told)

    assert any(says in fault.what and cures in fault.cure and fault.line >= LINE for fault in found), found
    assert all(fault.file == "test.yaml" for fault in found)


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("to_columns: [seller]}", "to_columns: [town]}", 26, "fan-out"),
        ("from_columns: [seller]", "from_columns: [seller, day]", 26, "do not pair up"),
        ("from: sold, to: shops", "from: sold, to: streets", 26, "There is no dataset streets"),
        ('"currency": "currency", ', "", 13, "sums would mix them"),
        ('"seller": "seller", ', '"seller": "owner", ', 4, "has no field owner"),
        ('"unit": "money"}', '"unit": "shells"}', 13, "is no unit"),
        ("- name: shops", "- name: sold", 22, "is defined in test.yaml:4 already"),
        ("- {name: sale}", "- {name: day}", 8, "has day already"),
        ("    datasets:", "    name: again\n    datasets:", 3, "a second time"),
        ("  - name: test", "  - name: &here test", 1, None),
    ],
)  # fmt: skip
def test_a_wrong_dataset_is_refused_naming_its_line(before: str, after: str, line: int, says: str | None) -> None:
    model = MODEL.replace(before, after, 1)

    if says is None:
        assert defined(GMV, model=model).metrics
        return
    assert any(says in fault.what and fault.line == line for fault in faults(GMV, model=model))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2\nb: 3\n", 2), ("", 1), ("- 1\n- 2\n", 1), ("a: &x 1\nb: *x\n", 1), ("a: 1\na: 2\n", 2), ("x" * 2**20 + "y", 1),
    ],
)  # fmt: skip
def test_what_is_no_file_of_definitions_is_refused(text: str, line: int) -> None:
    with pytest.raises(WrongDefinitions) as caught:
        metrics.read_yaml(text, "f.yaml")

    assert [fault.line for fault in caught.value.faults] == [line]


def test_a_file_may_stand_on_known_tables_only() -> None:
    part = metrics.read_yaml(MODEL + f"      {GMV}\n", "test.yaml")

    with pytest.raises(WrongDefinitions) as caught:
        metrics.define(
            [part],
            {
                "sold": ["day", "sale", "seller", "buyer", "color", "currency", "euros", "reais"],
                "shops": ["seller", "town"],
            },
        )

    assert {fault.what for fault in caught.value.faults} == {"sold has no column amount.", "There is no table lines."}


def test_all_faults_of_all_files_are_told_at_once_in_order() -> None:
    found = faults(metric("x", "SUM(sold.nothing)"), metric("y", "z"), metric("w", "SUM(gone.b)"))

    assert [fault.line for fault in found] == [LINE, LINE + 1, LINE + 2]


def test_days_are_counted_in_one_zone() -> None:
    def model(zone: str) -> str:
        return MODEL.replace(
            "    datasets:",
            f'    custom_extensions: [{{vendor_name: COMMON, data: \'{{"time_zone": "{zone}"}}\'}}]\n    datasets:',
            1,
        )

    assert defined(GMV, model=model("Europe/Lisbon")).time_zone == "Europe/Lisbon"
    assert "There is no time zone" in faults(GMV, model=model("Europe/Atlantis"))[0].what
    other = (
        'semantic_model:\n  - name: b\n    custom_extensions: [{vendor_name: COMMON, data: \'{"time_zone": "UTC"}\'}]\n'
    )
    with pytest.raises(WrongDefinitions, match="The days of other numbers are in Europe/Lisbon"):
        metrics.define([metrics.read_yaml(model("Europe/Lisbon"), "a.yaml"), metrics.read_yaml(other, "b.yaml")])


# Questions.


@pytest.fixture(scope="module")
def found() -> Definitions:
    return defined(
        GMV, metric("sales", "COUNT(sold.*)"), metric("pieces", "COUNT(lines.*)"), metric("secret", "MAX(sold.euros)", audience=["operator"]),
        metric("each", "gmv / sales"), metric("grown", "gmv", derive={"change": "year"}),
        metric("kept", "COUNT(DISTINCT sold.buyer)", derive={"retention": "month", "who": "buyer"}),
        metric("way", "pieces / sales", derive={"funnel": ["sales", "pieces"]}),
    )  # fmt: skip


def test_a_ratio_reads_what_it_is_made_of_and_money_is_kept_apart_by_currency(found: Definitions) -> None:
    plan = metrics.plan(found, Question(("each",)), metrics.OPERATOR)

    assert [reading.dataset for reading in plan.readings] == ["sold"]
    assert {one.sort for _, one in plan.readings[0].aggregates} == {"sum", "count"}
    assert [column.name for column in plan.columns] == ["currency", "each"]
    assert found.metrics["each"].unit == "money"


@pytest.mark.parametrize(
    ("question", "refusal", "says"),
    [
        (Question(("gvm",)), metrics.UnknownMetric, "no metric 'gvm'"),
        (Question(("gmv",), ("smell",)), metrics.UnknownDimension, "can be asked by buyer, color"),
        (Question(("gmv",), ("size",)), metrics.UnknownDimension, "fan-out"),
        (Question(("pieces",), ("color",)), metrics.UnknownDimension, "can't be asked by 'color'"),
        (Question(("gmv",), limits=(Limit("smell", ("x",)),)), metrics.UnknownDimension, "smell"),
        (Question(("gmv",), first=date(2026, 1, 2), end=date(2026, 1, 2)), Invalid, "ends before"),
        (Question(("gmv",) * 21), Invalid, "at most 20 metrics"),
        (Question(("gmv",), ("color",) * 7), Invalid, "at most 6"),
        (Question(("gmv",), limits=(Limit("color", ()),)), Invalid, "1 to"),
        (Question(("gmv",), order="-smell"), Invalid, "ordered by"),
        (Question(("gmv",), rows_max=0), Invalid, "at least one row"),
        (Question(("grown",)), Invalid, "name a grain"),
        (Question(("grown",), grain="week"), Invalid, "not made of a whole week"),
        (Question(("kept", "gmv")), Invalid, "ask it alone"),
        (Question(("kept",), grain="day"), Invalid, "ask it alone"),
    ],
)  # fmt: skip
def test_a_question_that_has_no_sound_answer_is_refused(
    found: Definitions, question: Question, refusal: type[Exception], says: str
) -> None:
    with pytest.raises(refusal, match=says):
        metrics.plan(found, question, metrics.OPERATOR)


def test_a_seller_reads_rows_of_their_own_whatever_they_ask(found: Definitions) -> None:
    seller = Viewer("seller", 3)

    for limits in ((), (Limit("seller", (4,)),), (Limit("seller", (3,), is_without=True),)):
        plan = metrics.plan(found, Question(("gmv",), limits=limits), seller)
        assert (("seller",), (3,), False) in [
            ((kept.cut.column,), kept.values, kept.is_without) for kept in plan.readings[0].kept
        ]


@pytest.mark.parametrize(
    "question",
    [
        Question(("secret",)),
        Question(("pieces",)),
        Question(("gmv",), ("buyer",)),
        Question(("gmv",), limits=(Limit("buyer", (1,)),)),
        Question(("way",)),
    ],
)
def test_what_is_not_a_sellers_own_is_refused_to_them(found: Definitions, question: Question) -> None:
    with pytest.raises(metrics.NotYours):
        metrics.plan(found, question, Viewer("seller", 3))


def test_a_dimension_of_another_table_is_joined_by_its_key(found: Definitions) -> None:
    plan = metrics.plan(found, Question(("gmv",), ("shops.town",)), metrics.OPERATOR)

    cut = plan.readings[0].cuts[0]
    assert cut.join is not None
    assert (cut.join.table, cut.join.on) == ("shops", (("seller", "seller"),))


def test_the_smallest_rollup_that_has_all_that_is_asked_is_read(found: Definitions) -> None:
    aggregates = metrics.aggregates_of(found, "sold")
    rollups = [
        RollUp("wide", "sold", ("color", "currency", "seller"), aggregates, 500), RollUp("narrow", "sold", ("currency",), aggregates, 5),
        RollUp("other", "lines", ("currency",), aggregates, 1),
    ]  # fmt: skip

    def read(question: Question, viewer: Viewer = metrics.OPERATOR) -> str:
        return metrics.plan(found, question, viewer, rollups).readings[0].source

    assert read(Question(("gmv",))) == "narrow"
    assert read(Question(("gmv",), ("color",))) == "wide"
    assert read(Question(("gmv",), ("shops.town",))) == "wide"
    assert read(Question(("gmv",)), Viewer("seller", 3)) == "wide"
    assert read(Question(("gmv",), ("buyer",))) == "sold"
    assert read(Question(("kept",))) == "sold"


def test_rollups_are_chosen_by_what_they_save_and_none_that_hardly_shrinks(found: Definitions) -> None:
    sizes = {("currency",): 10, ("color", "currency"): 200, ("seller",): 400, ("color", "currency", "seller"): 900}
    asked = {("currency",): 100, ("color", "currency"): 10, ("seller",): 1}

    chosen = metrics.choose_rollups(found, "sold", asked, 1_000, lambda columns: sizes.get(columns, 1_000))

    assert [one.columns for one in chosen] == [("currency",), ("color", "currency")]
    assert metrics.choose_rollups(found, "sold", asked, 0, lambda _: 0) == []


def test_what_was_asked_is_remembered_by_columns_with_the_sellers_own(found: Definitions) -> None:
    asked = metrics.columns_asked(found, {Question(("gmv",), ("color",)): 2, Question(("gone",)): 5})

    assert asked == {"sold": {("color", "currency"): 2, ("color", "currency", "seller"): 2}}


def test_the_fingerprint_names_what_is_said_and_not_where_it_stands(found: Definitions) -> None:
    moved = defined("# A remark.", GMV)

    assert defined(GMV).fingerprint == moved.fingerprint
    assert defined(GMV).fingerprint != found.fingerprint
