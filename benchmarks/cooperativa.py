"""Time the cooperative's star against the shortest hand-written DuckDB SQL for the same star, in one run.

The input is three dated extracts, then a fourth of the next day with one new movement per hundred old ones.
Prints seconds, the peak memory of the process tree and the ratio to the hand-written SQL. It asserts that
both give the same versions and facts, and no times.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb
from lastro.sample.cooperativa import EXTRACTS, TABLES, write_extracts
from measure import PROJECT, Run, dbt, forget_builds, hand_written, print_runs

MOVEMENTS_OF_A_CARD = 11  # between two extracts; a member has 1.5 cards on average
SELECT = ("tag:cooperativa",)
# Gaps and islands: a version begins where the previous extract lacked the row or had different content.
DIMENSION = """
create table dim_{name} as
with extracts as (
    select *, row_number() over (order by day) as number, lead(day) over (order by day) as next_day
    from (
        select distinct
            strptime(regexp_extract(filename, '([0-9]+)[.]csv', 1), '%Y%m%d')::date as day,
            filename
        from read_csv('{raw}/cooperativa/{name}/*.csv', all_varchar = true, filename = true)
    )
),
rows as (
    select {columns}, day, next_day, number
    from read_csv('{raw}/cooperativa/{name}/*.csv', all_varchar = true, filename = true)
    join extracts using (filename)
),
islands as (
    select
        *,
        number - row_number() over (partition by {names} order by number) as island
    from rows
),
versions as (
    select {names}, min(day) as valid_from, coalesce(max_by(next_day, number), '9999-12-31') as valid_to
    from islands
    group by {names}, island
)
select
    *,
    if(valid_from = min(valid_from) over (partition by id_{name}), date '1900-01-01', valid_from)
        as applies_from
from versions;
"""
CONTA = ("id_conta", "id_associado", "tipo_conta", "agencia", "situacao_conta", "data_criacao_conta")
CARTAO = (
    *("id_cartao", "id_conta", "numero_cartao", "nome_impresso_cartao", "bandeira_cartao"),
    *("tipo_cartao", "data_criacao_cartao"),
)
COLUMNS = {
    "associado": {
        "id_associado": "id_associado",
        "data_nascimento": "data_nascimento::date",
        "nome": "nome",
        "sobrenome": "sobrenome",
        "estado_civil": "estado_civil",
        "escolaridade": "escolaridade",
        "idade": "age_on(data_nascimento::date, day)",
    },
    "conta": {name: name for name in CONTA},
    "cartao": {name: name for name in CARTAO},
}
FACTS = """
select count(*), sum(valor_movimentacao), sum(idade_na_movimentacao), sum(hash(
    id_movimentacao, data_movimentacao::timestamp, id_cartao, cartao_desde, id_conta, conta_desde,
    id_associado, associado_desde
))
"""


def reference_sql(raw: Path) -> str:
    """Return the hand-written SQL for the files under a raw root."""
    dimensions = "".join(
        DIMENSION.format(
            raw=raw,
            name=name,
            names=", ".join(columns),
            columns=", ".join(f"{sql} as {column}" for column, sql in columns.items()),
        )
        for name, columns in COLUMNS.items()
    )
    text = (PROJECT / "benchmarks" / "cooperativa.sql").read_text(encoding="utf-8")
    return text.format(raw=raw, dimensions=dimensions)


def write_raw(raw: Path, members: int) -> None:
    """Write the three extracts."""
    folder = raw / "cooperativa"
    for table in TABLES:
        (folder / table).mkdir(parents=True)
    database = raw.with_name("generator.duckdb")
    with duckdb.connect(str(database)) as con:
        con.execute("set threads = 2; set memory_limit = '8GB'; set preserve_insertion_order = false")
        list(
            write_extracts(
                con, folder, members, date(2023, 1, 1), seed=1, clean=True, each=MOVEMENTS_OF_A_CARD
            )
        )
    database.unlink()


def write_next_day(raw: Path) -> list[Path]:
    """Write the next day's extracts: some members are a year older, and one movement in a hundred is new."""
    paths = []
    with duckdb.connect() as con:
        for table in TABLES:
            folder = raw / "cooperativa" / table
            last = max(folder.iterdir())
            day = date.fromisoformat(last.stem[-8:]) + timedelta(1)
            path = folder / f"{table}_{day:%Y%m%d}.csv"
            paths.append(path)
            if table != "movimentacao_cartao":
                shutil.copyfile(last, path)
                continue
            con.execute(
                f"copy (select * replace ('N' || id_movimentacao as id_movimentacao)"
                f" from read_csv('{last}', all_varchar = true)"
                f" where hash(id_movimentacao) % {100 // EXTRACTS} = 0) to '{path}' (format csv, header)"
            )
    return paths


def assert_same_star(folder: Path) -> None:
    """Assert that build and hand-written SQL give the same facts, each with the same versions."""
    con = duckdb.connect()
    con.execute("set memory_limit = '6GB'; set threads = 2; set timezone = 'UTC'")
    con.execute(f"attach '{folder}/all.duckdb' as built (read_only)")
    con.execute(f"attach '{folder}/reference.duckdb' as reference (read_only)")
    built = f"""{FACTS} from (
        select
            movimentacao.* exclude (id_cartao),
            cartao.id_cartao, cartao.valid_from as cartao_desde,
            conta.id_conta, conta.valid_from as conta_desde,
            associado.id_associado, associado.valid_from as associado_desde
        from built.lastro_cooperativa.fct_movimentacao_cartao as movimentacao
        left join built.lastro_cooperativa.dim_cartao as cartao
            on movimentacao.sk_cartao = cartao.sk_cartao and cartao.sk_cartao <> -1
        left join built.lastro_cooperativa.dim_conta as conta
            on movimentacao.sk_conta = conta.sk_conta and conta.sk_conta <> -1
        left join built.lastro_cooperativa.dim_associado as associado
            on movimentacao.sk_associado = associado.sk_associado and associado.sk_associado <> -1
    )"""
    found = con.execute(built).fetchone()
    expected = con.execute(f"{FACTS} from reference.fct_movimentacao_cartao").fetchone()
    if found != expected or not found[0]:
        raise SystemExit(f"the facts differ: {found} {expected}")


def main() -> None:
    """Generate the files, time every run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep and reuse the generated files here")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    raw = folder / "raw"
    forget_builds(folder)
    if not raw.exists():
        write_raw(raw, options.members)
    runs: dict[str, Run] = {
        "hand-written SQL": hand_written(folder / "before.duckdb", reference_sql(raw)),
        "dbt build, three extracts": dbt(SELECT, folder, raw, "all"),
    }
    late = write_next_day(raw)
    runs["dbt build, a day more"] = dbt(SELECT, folder, raw, "all")
    runs["dbt build, nothing new"] = dbt(SELECT, folder, raw, "all")
    hand_written(folder / "reference.duckdb", reference_sql(raw))
    assert_same_star(folder)
    for path in late:
        path.unlink()
    movements = options.members * 3 // 2 * EXTRACTS * MOVEMENTS_OF_A_CARD
    print_runs(f"{options.members:,} members, some {movements:,} movements", runs)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
