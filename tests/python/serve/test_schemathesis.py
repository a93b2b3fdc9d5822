"""The API answers as /openapi.json says, whatever is sent: Schemathesis tries it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from conftest import examples
from house import House, debt
from hypothesis import given
from schemathesis.specs.openapi import checks

# Batches are refused for their state, and files for their content, which no schema says.
NOT_SAID = [checks.positive_data_acceptance]
FEW = examples(10)


class Door:
    """An application that knows which batch a call should be about."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.app = house.app()
        self.count = 0

    def batch(self) -> str:
        """Return an open batch with a row."""
        self.count += 1
        desk = self.app.state.office.desk
        id_lote = desk.open("aurora").id_lote
        desk.add_rows("aurora", id_lote, [debt(self.count)], f"pedido-{self.count}", "")
        return id_lote


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, rules: list[dict[str, Any]]) -> Door:
    house = House(tmp_path_factory.mktemp("house"), rules)
    house.publish()
    return Door(house)


@pytest.mark.parametrize("of_a_batch", [False, True], ids=["any call", "about a batch that exists"])
def test_any_call(door: Door, of_a_batch: bool) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", door.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    tried = 0
    for operation in operations:
        if of_a_batch and "{id_lote}" not in operation.path:
            continue
        tried += 1

        @FEW
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            if of_a_batch:
                case.path_parameters["id_lote"] = door.batch()
            case.call_and_validate(headers=door.house.headers("aurora"), excluded_checks=NOT_SAID)

        attempt()
    assert tried >= 7
