{{ rejected_rows(ref('base_cartoes__faturas'), ref('base_cartoes__arquivos')) }}
union all
{{ rejected_rows(ref('base_cartoes__pagamentos'), ref('base_cartoes__arquivos')) }}
