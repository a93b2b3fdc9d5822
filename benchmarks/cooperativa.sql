-- Someone born on 29 February turns a year older on 1 March.
create macro age_on(born, moment) as
    year(moment) - year(born) - (month(moment) * 100 + day(moment) < month(born) * 100 + day(born))::int;

{dimensions}

create table fct_movimentacao_cartao as
with movimentacoes as (
    select distinct *
    from read_csv(
        '{raw}/cooperativa/movimentacao_cartao/*.csv',
        columns = {{
            id_movimentacao: 'varchar',
            id_cartao: 'varchar',
            valor_movimentacao: 'decimal(18, 2)',
            descricao_movimentacao: 'varchar',
            data_movimentacao: 'timestamp'
        }}
    )
)

select
    movimentacoes.* exclude (id_cartao),
    cartao.id_cartao,
    cartao.valid_from as cartao_desde,
    conta.id_conta,
    conta.valid_from as conta_desde,
    associado.id_associado,
    associado.valid_from as associado_desde,
    age_on(associado.data_nascimento, data_movimentacao) as idade_na_movimentacao
from movimentacoes
left join dim_cartao as cartao
    on movimentacoes.id_cartao = cartao.id_cartao
    and data_movimentacao >= cartao.applies_from and data_movimentacao < cartao.valid_to
left join dim_conta as conta
    on cartao.id_conta = conta.id_conta
    and data_movimentacao >= conta.applies_from and data_movimentacao < conta.valid_to
left join dim_associado as associado
    on conta.id_associado = associado.id_associado
    and data_movimentacao >= associado.applies_from and data_movimentacao < associado.valid_to;
