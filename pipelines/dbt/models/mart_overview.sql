-- All flights, by way of the weather.
select
    count(*) as weathers,
    sum(flights) as flights,
    sum(arrived) as arrived,
    sum(dep_delay_sum) as dep_delay_sum,
    sum(arr_delay_sum) as arr_delay_sum
from {{ ref('mart_by_weather') }}
