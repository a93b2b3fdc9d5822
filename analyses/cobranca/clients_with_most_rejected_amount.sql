-- Which clients' files have the most rejected R$, and for which reason? A row with several reasons counts under each,
-- so the shares of a client add up to more than the whole.
with positions as (
    select numbers.posicao
    from (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) as numbers (posicao)
),

received as (
    select
        id_cliente_credor,
        sum(valor_recebido) as valor_recebido
    from {{ ref('resultado_lotes') }}
    group by id_cliente_credor
),

rejected as (
    select
        rejeitadas.id_cliente_credor,
        split_part(rejeitadas.motivos, ',', positions.posicao) as motivo,
        count(*) as linhas_rejeitadas,
        count(rejeitadas.valor_lido) as linhas_com_valor,
        sum(coalesce(rejeitadas.valor_lido, 0)) as valor_rejeitado
    from {{ ref('dividas_rejeitadas') }} as rejeitadas
    cross join positions
    where split_part(rejeitadas.motivos, ',', positions.posicao) <> ''
    group by rejeitadas.id_cliente_credor, split_part(rejeitadas.motivos, ',', positions.posicao)
)

select
    rejected.*,
    {{ divide('rejected.valor_rejeitado', 'received.valor_recebido', factor=100) }} as percentual_do_recebido
from rejected
inner join received on rejected.id_cliente_credor = received.id_cliente_credor
order by rejected.valor_rejeitado desc, rejected.id_cliente_credor asc, rejected.motivo asc
