{{ versions_of_files(ref('base_mensageria__arquivos'), [
    ref('base_mensageria__invoices_repeated'),
    ref('base_mensageria__chatbot_repeated'),
    ref('base_mensageria__notifications_repeated'),
    ref('base_mensageria__fechamentos_repeated'),
    ref('base_mensageria__lacunas_repeated')
]) }}
