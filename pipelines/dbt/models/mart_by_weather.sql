-- Delays are in minutes; `arrived` counts the flights that have an arrival delay.
select
    weather,
    count(*) as flights,
    count(arr_delay) as arrived,
    coalesce(sum(dep_delay), 0) as dep_delay_sum,
    coalesce(sum(arr_delay), 0) as arr_delay_sum
from {{ ref('flown') }}
group by weather
