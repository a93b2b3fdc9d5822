{{ rejected_rows(ref('base_mensageria__invoices'), ref('base_mensageria__arquivos')) }}
union all
{{ rejected_rows(ref('base_mensageria__chatbot'), ref('base_mensageria__arquivos')) }}
