{{ config(materialized='table') }}

{{ raw_files(source('mensageria', 'invoices')) }}
