with entries as (
    {{ map_entries_of(
        ref('stg_mensageria__chatbot'),
        map='content',
        columns=['customer', 'flow', 'session', 'answered_at', 'file_id', 'line_number'],
        key='answer_key',
        value='answer_value'
    ) }}
)

select
    entries.customer,
    entries.flow,
    entries.session,
    entries.answer_key,
    entries.answer_value,
    entries.answered_at,
    arquivos.source_file,
    entries.line_number
from entries
inner join {{ ref('base_mensageria__arquivos') }} as arquivos on entries.file_id = arquivos.file_id
where entries.answer_value is not null and not {{ matches('entries.answer_value', '\\s*') }}
