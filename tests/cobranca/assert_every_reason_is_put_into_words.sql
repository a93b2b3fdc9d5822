-- Invariant: each code of a rejected row has its words in rejection_reasons, and the message has them. The code of a
-- line that could not be split comes from the file, so one that nobody foresaw is no fault of ours.
with codes as (
    select
        motivos,
        mensagens,
        length(motivos) - length(replace(motivos, ',', '')) + 1 as total_codes
    from {{ ref('dividas_rejeitadas') }}
    where motivos not like 'row:%'
    group by motivos, mensagens
),

found_words as (
    select
        codes.motivos,
        sum(
            (
                length(codes.motivos || ',')
                - length(replace(codes.motivos || ',', ':' || palavras.reason || ',', ''))
            ) / (length(palavras.reason) + 2)
        ) as total_words,
        count(
            case when strpos(codes.mensagens, palavras.meaning_pt || ' ' || palavras.remedy_pt) = 0 then 1 end
        ) as missing_words
    from codes
    inner join {{ ref('rejection_reasons') }} as palavras
        on codes.motivos || ',' like '%:' || palavras.reason || ',%'
    group by codes.motivos
)

select codes.*
from codes
left join found_words on codes.motivos = found_words.motivos
where
    found_words.motivos is null
    or codes.total_codes <> found_words.total_words
    or found_words.missing_words > 0
