-- The loaded flights, each with the weather at its departure in one word: wind in miles an hour, visibility in miles.
select
    carrier,
    carrier_name,
    case
        when visib is null then 'unknown'
        when precip > 0 then 'precipitation'
        when visib < 5 then 'low visibility'
        when wind_speed >= 20 then 'wind'
        else 'fair'
    end as weather,
    dep_delay,
    arr_delay
from {{ source('warehouse', 'flights') }}
