{{ versions_of_files(
    ref('base_cobranca__arquivos'),
    [ref('base_cobranca__dividas_repeated')],
    file_version='file_version'
) }}
