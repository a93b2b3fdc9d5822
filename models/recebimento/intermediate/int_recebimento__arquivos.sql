{{ versions_of_files(ref('base_recebimento__arquivos'), [
    ref('base_recebimento__eventos_lote_repeated'),
    ref('base_recebimento__verificacoes_repeated')
]) }}
