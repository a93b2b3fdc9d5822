-- The shortest exact SQL for the debts of two clients: read, judge, keep the current version.
create macro digit(text, place) as cast(substr(text, place, 1) as integer);
create macro rest(total) as case when total * 10 % 11 = 10 then 0 else total * 10 % 11 end;
create macro is_cpf(text) as
    text <> repeat(text[1], 11)
    and rest(list_sum(list_transform(range(1, 10), lambda place: digit(text, place) * (11 - place)))) = digit(text, 10)
    and rest(list_sum(list_transform(range(1, 11), lambda place: digit(text, place) * (12 - place)))) = digit(text, 11);

create table fct_dividas as
with sent as (
    select
        id_cliente_credor,
        id_divida,
        nome_devedor,
        documento_devedor,
        email_devedor,
        try_cast(valor_divida as decimal(18, 2)) as valor_divida,
        try_cast(data_vencimento as date) as data_vencimento,
        filename
    from read_csv('{received}/aurora*/*.csv', delim = ',', header = true, all_varchar = true, filename = true)
    union all
    select
        'boreal' as id_cliente_credor,
        "Contrato" as id_divida,
        "Cliente" as nome_devedor,
        "CPF/CNPJ" as documento_devedor,
        "E-mail" as email_devedor,
        try_cast(replace(replace("Valor (R$)", '.', ''), ',', '.') as decimal(18, 2)) as valor_divida,
        cast(try_strptime("Vencimento", '%d/%m/%Y') as date) as data_vencimento,
        filename
    from read_csv(
        '{received}/boreal*/*.csv',
        delim = ';', header = true, all_varchar = true, filename = true, encoding = 'latin-1'
    )
),

judged as (
    select
        *,
        cast(strptime(regexp_extract(filename, '-([0-9]{{8}})-[0-9]+/', 1), '%Y%m%d') as date) as recebida_em
    from sent
    where
        id_divida is not null
        and nome_devedor is not null
        and regexp_full_match(documento_devedor, '[0-9]{{11}}')
        and valor_divida > 0
        and data_vencimento is not null
),

versions as (
    select
        *,
        row(nome_devedor, documento_devedor, email_devedor, valor_divida, data_vencimento) as content
    from judged
    where is_cpf(documento_devedor) and data_vencimento <= recebida_em
),

turns as (
    select * exclude (content) from versions
    qualify
        content is distinct from
        lag(content) over (partition by id_cliente_credor, id_divida order by filename)
)

select
    * exclude (recebida_em, filename),
    case when data_vencimento + interval 5 year < recebida_em then 'prescrita' else 'registrada' end as situacao,
    recebida_em
from turns
qualify row_number() over (partition by id_cliente_credor, id_divida order by filename desc) = 1;
