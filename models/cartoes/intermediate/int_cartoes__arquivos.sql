{{ versions_of_files(ref('base_cartoes__arquivos'), [
    ref('base_cartoes__faturas_repeated'),
    ref('base_cartoes__pagamentos_repeated')
]) }}
