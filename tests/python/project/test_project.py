"""The project holds together: domains stand alone, every raw table is reconciled, every reader is named."""

from __future__ import annotations

from conftest import Workspace
from lastro.cli import export
from lastro.export.marts import mart_names


def test_a_domain_is_built_alone(sample: Workspace) -> None:
    sample.build("--select", "tag:cartoes", tests=True)
    schemas = sample.query(
        "select distinct table_schema from information_schema.tables where table_schema not like '%landed%'"
    )
    assert sorted(schema for (schema,) in schemas) == ["lastro_cartoes", "lastro_units"]
    assert sample.query("select sum(rejected_rows) from lastro_cartoes.int_cartoes__reconciliacao") == [(24,)]
    assert sample.query("select count(*) from lastro_cartoes.int_cartoes__quarentena") == [(24,)]


def test_every_raw_table_is_reconciled(workspace: Workspace) -> None:
    """Every raw table that a source declares is reconciled, audited and quarantined by its domain."""
    nodes = workspace.dbt("parse").result
    declared = {
        (source.source_name, source.name) for source in nodes.sources.values() if "path" in source.config.meta
    }
    reconciled, audited = set(), set()
    for node in nodes.nodes.values():
        if node.resource_type == "model" and node.name.endswith("__reconciliacao"):
            reconciled |= {(source[0], source[1]) for source in node.sources}
        if node.resource_type == "test" and node.name.startswith("counts_what_is_there"):
            domain = node.attached_node.split(".")[-1].split("__")[0].removeprefix("int_")
            audited.add((domain, node.test_metadata.kwargs["table_name"]))
    assert declared == reconciled == audited
    rows = [
        name
        for name in nodes.nodes
        if ".base_" in name and name.startswith("model.") and name.endswith("_repeated")
    ]
    for name in rows:
        base = name.removesuffix("_repeated")
        domain = base.split(".base_")[1].split("__")[0]
        assert base in nodes.nodes[f"model.lastro.int_{domain}__quarentena"].depends_on.nodes
        # Without it, a file whose row another file supersedes would keep its old reconciliation.
        assert name in nodes.nodes[f"model.lastro.int_{domain}__arquivos"].depends_on.nodes


def test_every_analysis_and_every_export_is_an_exposure(workspace: Workspace) -> None:
    nodes = workspace.dbt("parse").result
    exposures = {exposure.name: exposure for exposure in nodes.exposures.values()}
    for node in nodes.nodes.values():
        if node.resource_type == "analysis":
            assert exposures[node.name].url == node.original_file_path
            # refs in a loop are seen as well, because an exposure lists them one by one
            assert set(exposures[node.name].depends_on.nodes) == set(node.depends_on.nodes)
    # A mart that is exported as it is has no reader of its own.
    layouts = {command.name or command.callback.__name__ for command in export.app.registered_commands}
    layouts -= set(mart_names()) - {"movimento_flat", "quarentena"}
    assert {f"export_{name}" for name in layouts} == {
        name for name in exposures if name.startswith("export_")
    }
