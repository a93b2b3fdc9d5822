"""The cooperative's part of the sample: three dated extracts with every defect that Lastro handles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb

from lastro.sample.files import Sample, append, write_csv

TABLES = ("associado", "conta", "cartao", "movimentacao_cartao")
EXTRACTS = 3

# pick(seed, x, n) returns 1 to n and depends only on the seed and x.
_PICK = "create or replace macro pick(seed, x, n) as cast(hash(seed, x) % n as bigint) + 1"

# Members change between extracts. Some marry, and some of them return to their old status (A, B, A). Some
# study. Some leave, and some of those are back in the third extract.
_MEMBERS = """
create table associado as
with extracts as (
    select number, cast(cast($start as date) + to_months(number) + to_days(14) as date) as day
    from range($extracts) as numbers (number)
),
members as (
    select
        member,
        printf('A%06d', member) as id_associado,
        (['Ana', 'João', 'Maria', 'Pedro', 'Júlia', 'Carlos'])[pick($seed, [member, 1], 6)] as nome,
        (['Silva', 'Oliveira', 'de Souza', 'Santos', 'Lima'])[pick($seed, [member, 2], 5)] as sobrenome,
        cast(date '1950-01-01' + to_days(cast(pick($seed, [member, 3], 20000) as integer)) as date)
            as data_nascimento,
        pick($seed, [member, 4], 3) as civil,
        pick($seed, [member, 5], 4) as escola,
        pick($seed, [member, 6], 10) as changes,
        pick($seed, [member, 7], 20) as leaves,
        case
            when $clean then ['solteiro', 'casado', 'divorciado', 'viúvo']
            else ['solteira', 'Casado ', 'DIVORCIADO', '  viúvo']
        end as civis,
        case
            when $clean
                then ['ensino médio', 'ensino superior', 'ensino superior completo', 'mestrado', 'doutorado']
            else ['Ensino Medio', 'Ensino superior', ' Ensino superior  Completo', 'Mestrado', 'Doutorado']
        end as escolas
    from range(1, $members + 1) as members (member)
)
select
    number,
    day,
    member,
    id_associado,
    nome,
    sobrenome,
    data_nascimento,
    civis[civil + case when changes < 3 and number = 1 or changes = 3 and number > 0 then 1 else 0 end]
        as estado_civil,
    escolas[escola + case when changes = 4 and number > 1 then 1 else 0 end] as escolaridade,
    'associado' || member || '@example.com' as email
from members
cross join extracts
where not (leaves = 1 and number > 0) and not (leaves = 2 and number = 1)
"""

_ACCOUNTS = """
create table conta as
select
    number,
    day,
    member,
    printf('C%06d', member) as id_conta,
    id_associado,
    case when pick($seed, [member, 11], 3) = 1 then 'Poupança' else 'Corrente' end as tipo_conta,
    '00' || pick($seed, [member, 12], 9) || '-' || pick($seed, [member, 13], 9) as agencia,
    case when number > 0 and pick($seed, [member, 14], 15) = 1 then 'Inativa' else 'Ativa' end
        as situacao_conta,
    cast(date '2015-01-01' + to_days(cast(pick($seed, [member, 15], 2000) as integer)) as date)
        as data_criacao_conta
from associado
"""

# Every second account has a second card.
_CARDS = """
create table cartao as
select
    number,
    day,
    member * 2 + card as card_number,
    printf('K%07d', member * 2 + card) as id_cartao,
    id_conta,
    id_associado,
    lpad(cast(pick($seed, [member, card, 21], 10000000000) as varchar), 16, '0') as numero_cartao,
    'ASSOCIADO ' || member as nome_impresso_cartao,
    (['MasterCard', 'Visa', 'elo'])[pick($seed, [member, card, 22], 3)] as bandeira_cartao,
    case when card = 0 then 'Crédito' else 'Débito' end as tipo_cartao,
    cast(data_criacao_conta + to_days(cast(pick($seed, [member, card, 23], 300) as integer)) as date)
        as data_criacao_cartao
from conta
cross join range(0, 2) as cards (card)
where card = 0 or member % 2 = 0
"""

# An extract has the movements of the month before it. The next one repeats those of its last three days.
_MOVEMENTS = """
create table movimentacao_cartao as
with movements as (
    select
        number,
        day,
        printf('M%09d', (card_number * $extracts + number) * $each + movement) as id_movimentacao,
        id_cartao,
        cast(5 + pick($seed, [card_number, number, movement, 31], 50000) / 100 as decimal(18, 2))
            as valor_movimentacao,
        (['mercado', 'farmácia', 'posto, loja 2', 'restaurante'])[
            pick($seed, [card_number, number, movement, 32], 4)
        ] as descricao_movimentacao,
        cast(day as timestamp) - to_seconds(pick($seed, [card_number, number, movement, 33], 30 * 86400))
            as data_movimentacao
    from cartao
    cross join range(0, $each) as movements (movement)
),
extracts as (
    select * from movements
    union all
    select * replace (number + 1 as number, cast(day + to_months(1) as date) as day)
    from movements
    where data_movimentacao >= day - to_days(3) and number + 1 < $extracts
)
select * replace (strftime(data_movimentacao, '%Y-%m-%dT%H:%M:%S') as data_movimentacao)
from extracts
"""

_COLUMNS = {
    "associado": [
        "id_associado",
        "nome",
        "sobrenome",
        "data_nascimento",
        "estado_civil",
        "escolaridade",
        "email",
    ],
    "conta": ["id_conta", "id_associado", "tipo_conta", "agencia", "situacao_conta", "data_criacao_conta"],
    "cartao": [
        "id_cartao",
        "id_conta",
        "id_associado",
        "numero_cartao",
        "nome_impresso_cartao",
        "bandeira_cartao",
        "tipo_cartao",
        "data_criacao_cartao",
    ],
    "movimentacao_cartao": [
        "id_movimentacao",
        "id_cartao",
        "valor_movimentacao",
        "descricao_movimentacao",
        "data_movimentacao",
    ],
}

# Lines added to the second (1) and third (2) extract. Each comment names the result.
FAULTY = {
    1: {
        "associado": [
            ",Sem,Chave,1980-01-01,casado,mestrado,",  # id_associado:missing
            "X00001,Data,Errada,31/02/1980,casado,mestrado,",  # data_nascimento:not_a_date
            "X00002,Estado,Raro,1980-01-01,enrolado,mestrado,",  # accepted; in valores_desconhecidos
            "X00003,Duas,Vezes,1980-01-01,casado,mestrado,",
            "X00003,Duas,Vezes,1980-01-01,casado,mestrado,",  # duplicate
            "X00004,Outra,Vez,1980-01-01,casado,mestrado,",  # superseded
            "X00004,Outra,Vez,1980-01-01,solteira,mestrado,",
        ],
        "conta": ["X00009,A999999,Corrente,001-1,Ativa,2020-01-01"],  # accepted; its member is unknown
        "cartao": ["X00008,X00009,,0000000000000001,SEM DONO,Visa,Crédito,2020-01-01"],
        "movimentacao_cartao": [
            "X00010,X00008,10.00,dono desconhecido,{day}T10:00:00Z",  # accepted; in movimentacoes_orfas
            "X00011,X00007,10.00,cartão desconhecido,{day}T10:00:00-03:00",  # the same
            "X00012,X00008,dez,valor errado,{day}T10:00:00Z",  # valor_movimentacao:not_a_number
            "X00013,X00008,10.00,hora errada,{day}T25:00:00Z",  # data_movimentacao:not_a_timestamp
        ],
    },
    2: {
        # data_nascimento:not_a_date; the member keeps the version of the second extract
        "associado": ["X00004,Outra,Vez,sem data,viúva,mestrado,"],
    },
}


def write(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Write the extracts of a sample: a member for every five clients."""
    yield from write_extracts(
        con, folder, max(sample.clients // 5, 1), sample.start, sample.seed, sample.clean
    )


def write_extracts(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    members: int,
    start: date,
    seed: int,
    clean: bool,
    each: int = 2,
) -> Iterator[Path]:
    """Write the four tables of the cooperative, three extracts of each, a month apart.

    Args:
        con: An open database, in which the tables are created.
        folder: The folder to write to, which already has a subfolder per table.
        members: The number of members. Each has an account, and every second one has two cards.
        start: The first day of the month of the first extract.
        seed: The same seed gives the same files.
        clean: Whether to leave out all defects.
        each: The number of movements per card between two extracts.

    Yields:
        Each file, when it is written.
    """
    values = {"seed": seed, "extracts": EXTRACTS}
    con.execute(_PICK)
    con.execute(_MEMBERS, {**values, "members": members, "start": start, "clean": clean})
    con.execute(_ACCOUNTS, {"seed": seed})
    con.execute(_CARDS, {"seed": seed})
    con.execute(_MOVEMENTS, {**values, "each": each})
    days = con.execute("select distinct number, day from associado order by number").fetchall()
    for number, day in days:
        for table in TABLES:
            path = folder / table / f"{table}_{day:%Y%m%d}.csv"
            write_csv(con, path, f"{table} where number = {number}", _COLUMNS[table])
            faulty = [] if clean else FAULTY.get(number, {}).get(table, [])
            append(path, [line.format(day=f"{day:%Y-%m-%d}") for line in faulty])
            yield path
