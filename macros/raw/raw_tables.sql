{% macro raw_tables() %}
    {#- Every raw table of the project, once: where its files are listed and where its rows are judged. -#}
    {{ return([
        (source('cartoes', 'tb_faturas'), ref('base_cartoes__arquivos'), ref('base_cartoes__faturas')),
        (source('cartoes', 'tb_pagamentos'), ref('base_cartoes__arquivos'), ref('base_cartoes__pagamentos')),
        (source('cooperativa', 'associado'), ref('base_cooperativa__arquivos'), ref('base_cooperativa__associados')),
        (source('cooperativa', 'conta'), ref('base_cooperativa__arquivos'), ref('base_cooperativa__contas')),
        (source('cooperativa', 'cartao'), ref('base_cooperativa__arquivos'), ref('base_cooperativa__cartoes')),
        (source('cooperativa', 'movimentacao_cartao'), ref('base_cooperativa__arquivos'), ref('base_cooperativa__movimentacoes')),
        (source('mensageria', 'invoices'), ref('base_mensageria__arquivos'), ref('base_mensageria__invoices')),
        (source('mensageria', 'chatbot'), ref('base_mensageria__arquivos'), ref('base_mensageria__chatbot')),
    ]) }}
{% endmacro %}
