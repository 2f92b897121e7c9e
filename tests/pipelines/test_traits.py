"""Every step has a row in the table of what is known without data."""

from filemill.pipelines.steps import STEPS
from filemill.pipelines.table_steps import Aggregate, Aggregation, Join
from filemill.pipelines.traits import TRAITS, of
from filemill.pipelines.value_steps import AddColumn


def test_every_step_has_its_traits() -> None:
    assert set(TRAITS) == set(STEPS.values())


def test_a_step_that_holds_values_does_not_stream() -> None:
    sums = Aggregate(("city",), (Aggregation("sum", "ages", "age"),))
    medians = Aggregate(("city",), (Aggregation("median", "middle", "age"),))

    assert of(sums).streams(sums)
    assert not of(medians).streams(medians)


def test_what_a_step_makes_and_says_is_told_by_its_own_fields() -> None:
    added, joined = AddColumn("total", "qty * price"), Join("customers", ("id",), "left")

    assert of(added).makes(added) == {"total"}
    assert of(joined).note(joined) == "The input 'customers' is held in memory."
