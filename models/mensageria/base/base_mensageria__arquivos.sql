{{ config(materialized='table') }}

with invoices as (
    {{ raw_files(source('mensageria', 'invoices')) }}
),

chatbot as (
    {{ raw_files(source('mensageria', 'chatbot')) }}
)

select * from invoices
union all
select * from chatbot
