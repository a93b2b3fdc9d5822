-- What an extract changes depends on the extract, on the previous one, and on the spellings declared in `dominios`.
with arquivos as (
    select * from {{ ref('int_cooperativa__reconciliacao') }}
    where problem is null and difference_rows = 0
),

dominios as (
    select * from {{ ref('dominios') }}
),

dominios_resumidos as (
    select
        {{ dbt.hash(dbt.listagg("coluna || ',' || escrita || ',' || valor", "';'", 'order by coluna, escrita')) }}
            as fingerprint
    from dominios
),

extratos as (
    select
        file_id,
        table_name,
        reference_period as data_extrato,
        lag(file_id) over (partition by table_name order by reference_period) as previous_file_id
    from arquivos
),

extratos_com_versao as (
    select
        extratos.*,
        case
            when extratos.table_name = 'movimentacao_cartao' then cast(extratos.file_id as varchar)
            else concat_ws(
                ' ',
                cast(extratos.file_id as varchar),
                cast(extratos.previous_file_id as varchar),
                dominios_resumidos.fingerprint
            )
        end as input_version
    from extratos
    cross join dominios_resumidos
)

select * from extratos_com_versao
