-- The shortest SQL that computes the book of one reference date from the same files: read, cast, keep the
-- newest row per key, join, aggregate, write. No reasons, no quarantine, no reconciliation, no tests.
create table faturas as
select * exclude (filename) from read_csv('{raw}/cartoes/tb_faturas/*.csv', filename = true, columns = {{
    'id_fatura': 'varchar', 'id_cliente': 'varchar', 'data_emissao': 'date', 'data_vencimento': 'date',
    'valor_fatura': 'decimal(18, 2)', 'valor_pagamento_minimo': 'decimal(18, 2)'}})
qualify row_number() over (partition by id_fatura order by filename desc) = 1;

create table pagamentos as
select * exclude (filename) from read_csv('{raw}/cartoes/tb_pagamentos/*.csv', filename = true, columns = {{
    'id_pagamento': 'varchar', 'id_fatura': 'varchar', 'id_cliente': 'varchar', 'data_pagamento': 'date',
    'valor_pagamento': 'decimal(18, 2)'}})
qualify row_number() over (partition by id_pagamento order by filename desc) = 1;

create table vistas as
select
    id_cliente, valor_fatura, coalesce(n, 0) as n, coalesce(pago, 0) as pago,
    date_diff('month', date_trunc('month', data_emissao), date '{ref_date}') as idade,
    case when primeiro <= data_vencimento then 1 end as em_dia,
    case when primeiro > data_vencimento or (primeiro is null and data_vencimento < date '{ref_date}')
        then date_diff('day', data_vencimento, coalesce(primeiro, date '{ref_date}')) end as dias,
    case when data_vencimento < date '{ref_date}'
            and coalesce(pago, 0) < coalesce(valor_pagamento_minimo, valor_fatura)
        then greatest(valor_fatura - coalesce(pago, 0), 0) end as devido
from faturas
left join (
    select id_fatura, count(*) as n, sum(valor_pagamento)::decimal(18, 2) as pago, min(data_pagamento) as primeiro
    from pagamentos where data_pagamento < date '{ref_date}' group by id_fatura
) using (id_fatura)
where data_emissao < date '{ref_date}' and data_emissao >= date '{ref_date}' - interval 12 month;

create table book_carteira as
select 'U' || m || 'M' as periodo, {measures}, count(distinct id_cliente) as total_clientes
from vistas, (values (1), (3), (6), (12)) as meses (m) where idade <= m group by m;

create table book_cliente as select id_cliente, {windows} from vistas group by id_cliente;
