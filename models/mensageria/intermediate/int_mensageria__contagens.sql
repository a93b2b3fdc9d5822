with por_arquivo as (
    select * from {{ ref('int_mensageria__notificacoes_por_arquivo') }}
),

posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

cortes as (
    select * from {{ ref('int_mensageria__cortes') }}
),

arquivos_cortados as (
    select distinct file_id from cortes
),

notifications as (
    select notifications.*
    from {{ ref('stg_mensageria__notifications') }} as notifications
    inner join arquivos_cortados on notifications.file_id = arquivos_cortados.file_id
),

-- In a file that a closing cuts, a message counts up to the next cut, or to the end of the file.
mensagens_cortadas as (
    select
        notifications.file_id,
        notifications.line_number,
        notifications.customer_id,
        notifications.customer_name,
        notifications.event_date,
        notifications.event_datetime,
        min(cortes.ate_offset) as ate_offset
    from notifications
    left join cortes
        on notifications.file_id = cortes.file_id and notifications.kafka_offset <= cortes.ate_offset
    group by
        notifications.file_id,
        notifications.line_number,
        notifications.customer_id,
        notifications.customer_name,
        notifications.event_date,
        notifications.event_datetime
),

contagens as (
    select
        por_arquivo.file_id,
        por_arquivo.customer_id,
        por_arquivo.customer_name,
        por_arquivo.event_date,
        por_arquivo.notificacoes,
        por_arquivo.ultimo_evento,
        cast(null as bigint) as ate_offset
    from por_arquivo
    left join arquivos_cortados on por_arquivo.file_id = arquivos_cortados.file_id
    where arquivos_cortados.file_id is null
    union all
    select
        file_id,
        customer_id,
        customer_name,
        event_date,
        count(*) as notificacoes,
        max(event_datetime) as ultimo_evento,
        ate_offset
    from mensagens_cortadas
    group by file_id, customer_id, customer_name, event_date, ate_offset
),

contagens_situadas as (
    select
        contagens.file_id,
        contagens.customer_id,
        contagens.customer_name,
        contagens.event_date,
        contagens.notificacoes,
        {{ view_timestamp('contagens.ultimo_evento') }} as ultimo_evento,
        posicoes.topico,
        posicoes.particao,
        coalesce(contagens.ate_offset, posicoes.ultimo_offset) as ate_offset,
        posicoes.chegada
    from contagens
    inner join posicoes on contagens.file_id = posicoes.file_id
)

select * from contagens_situadas
