{{ versions_of_files(ref('base_cooperativa__arquivos'), [
    ref('base_cooperativa__associados_repeated'),
    ref('base_cooperativa__contas_repeated'),
    ref('base_cooperativa__cartoes_repeated'),
    ref('base_cooperativa__movimentacoes_repeated')
]) }}
