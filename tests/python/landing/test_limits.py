"""A file over its limits fails the build, with its name, the count and the first case."""

from __future__ import annotations

from conftest import Build, Workspace


def rows(count: int, bad: int = 0, first: int = 0, amount: str = "1.00") -> list[list[str]]:
    return [
        [f"f{n}", "c", "2024-01-05", "2024-01-15", "x" if n - first < bad else amount, ""]
        for n in range(first, first + count)
    ]


def test_too_many_rejected_rows(workspace: Workspace) -> None:
    workspace.write_rows("tb_faturas", "202401", rows(100, bad=20))
    workspace.build("-s", "+fct_faturas", tests=True)
    before = workspace.snapshot(["lastro_cartoes.fct_faturas"])
    workspace.write_rows("tb_faturas", "202402", rows(100, bad=21, first=1000))
    build = workspace.dbt("build", "-s", "+fct_faturas")
    assert not build.success
    assert (
        "cartoes/tb_faturas/tb_faturas_202402.csv: 21 of 100 rows are rejected, more than 20 %;"
        " the first is on line 2: valor_fatura:not_a_number" in build.output
    )
    assert workspace.snapshot(["lastro_cartoes.fct_faturas"]) == before, (
        "a model that reads the file was still built"
    )
    # Too small to judge.
    workspace.write_rows("tb_faturas", "202402", rows(99, bad=99, first=1000))
    workspace.build("-s", "+fct_faturas", tests=True)


def test_too_many_rows_that_replace_other_content(workspace: Workspace) -> None:
    """A file that reuses ids for other invoices fails the build; a file that repeats the same rows does not."""
    workspace.write_rows("tb_faturas", "202401", rows(100))
    workspace.write_rows("tb_faturas", "202402", rows(100))
    workspace.write_rows("tb_faturas", "202403", rows(5, amount="2.00"))
    workspace.build("-s", "+fct_faturas", tests=True)
    workspace.write_rows("tb_faturas", "202404", rows(6, amount="3.00"))
    build = workspace.dbt("build", "-s", "+fct_faturas")
    assert not build.success
    assert (
        "cartoes/tb_faturas/tb_faturas_202402.csv: 6 of 100 rows are superseded by different content,"
        " more than 5 %; the first is on line 2" in build.output
    )


def test_a_source_may_only_want_to_be_told(workspace: Workspace) -> None:
    workspace.write_rows("tb_faturas", "202401", rows(100, bad=50))
    manifest = workspace.dbt("parse").result
    meta = manifest.sources["source.lastro.cartoes.tb_faturas"].config.meta

    def build(**declared: object) -> Build:
        meta.update(declared)
        manifest.build_flat_graph()
        return workspace.dbt("build", "-s", "+fct_faturas", "+qualidade", manifest=manifest)

    told = build(on_exceeded="warn")
    assert told.success, told.output
    assert "Got 1 result, configured to warn" in told.output
    content = build(limits={"rejected_percent": 50})
    assert content.success, content.output
    assert "configured to warn" not in content.output
