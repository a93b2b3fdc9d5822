{{ rejected_rows(ref('base_cooperativa__associados'), ref('base_cooperativa__arquivos')) }}
union all
{{ rejected_rows(ref('base_cooperativa__contas'), ref('base_cooperativa__arquivos')) }}
union all
{{ rejected_rows(ref('base_cooperativa__cartoes'), ref('base_cooperativa__arquivos')) }}
union all
{{ rejected_rows(ref('base_cooperativa__movimentacoes'), ref('base_cooperativa__arquivos')) }}
