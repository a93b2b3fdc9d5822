with linhas as (
    select * from {{ ref('int_mensageria__linhas_cobranca') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

relatorio as (
    select
        linhas.customer_id,
        linhas.customer_name,
        linhas.lancado_em as data,
        linhas.notificacoes,
        linhas.valor,
        case when linhas.lancado_em <> linhas.event_date then linhas.event_date end as ajuste_de,
        dias_fechados.id_fechamento as fechamento_id
    from linhas
    left join dias_fechados on linhas.lancado_em = dias_fechados.data
)

select * from relatorio
