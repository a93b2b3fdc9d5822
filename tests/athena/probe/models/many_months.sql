{{ config(unique_key='month_number', partitioned_by=['month(first_day)']) }}

select
    cast(month_number as integer) as month_number,
    cast(date_add('month', month_number, date '2010-01-01') as date) as first_day
from unnest(sequence(1, 150)) as months (month_number)
