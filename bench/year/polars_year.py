"""The yardstick of `cargo bench --bench ratios`: the whole year's extract, transform and
check in Polars for Python, as a good user of it would write them.

The same 365 partitions, the same joins, the same Parquet files (flights and weather as
extracted, flights as transformed, a file a day), from the same zipped CSV. Prints one JSON
line: seconds (imports not counted), rows, unresolved references, sum of arrival delays.

usage: python polars_year.py DATA_DIR OUT_DIR
"""

import io
import json
import sys
import time
import zipfile
from pathlib import Path

import polars as pl

KEY = ["year", "month", "day", "carrier", "flight", "origin", "sched_dep_time"]
DAY = ["year", "month", "day"]


def read(data: Path, name: str) -> pl.DataFrame:
    with zipfile.ZipFile(data / f"{name}.csv.zip") as archive:
        return pl.read_csv(io.BytesIO(archive.read(f"{name}.csv")), null_values="NA", infer_schema_length=None)


def by_day(frame: pl.DataFrame) -> dict[tuple, pl.DataFrame]:
    return frame.partition_by(DAY, as_dict=True, maintain_order=True)


def main() -> None:
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    begun = time.perf_counter()
    for part in ("flights", "weather", "transformed"):
        (out / part).mkdir(parents=True, exist_ok=True)
    planes = read(data, "planes").rename({"year": "plane_year"})
    airports = read(data, "airports").rename({"faa": "dest", "name": "dest_name"})
    airlines = read(data, "airlines").rename({"name": "carrier_name"})
    for name, frame in (("planes", planes), ("airports", airports), ("airlines", airlines)):
        frame.write_parquet(out / f"{name}.parquet", compression="snappy")
    flights, weather = by_day(read(data, "flights")), read(data, "weather")
    no_weather = weather.clear()
    weather = by_day(weather)

    rows = plane = airport = no_hour = delay = 0
    for day, frame in flights.items():
        name = f"{day[0]:04}-{day[1]:02}-{day[2]:02}.parquet"
        hours = weather.get(day, no_weather)
        frame.write_parquet(out / "flights" / name, compression="snappy")
        hours.write_parquet(out / "weather" / name, compression="snappy")
        joined = (
            frame.lazy()
            .join(hours.lazy().drop(*DAY, "hour").with_columns(hour_known=True), on=["origin", "time_hour"], how="left")
            .join(planes.lazy().with_columns(plane_known=True), on="tailnum", how="left")
            .join(airports.lazy().with_columns(dest_known=True), on="dest", how="left")
            .join(airlines.lazy(), on="carrier", how="left")
            .sort(KEY)
            .collect()
        )
        assert joined.height == frame.height, f"{name}: rows are not conserved"
        assert joined.select(pl.struct(KEY).is_duplicated().any()).item() is False, f"{name}: keys are not unique"
        assert joined["carrier_name"].null_count() == 0, f"{name}: unknown carrier"
        joined.write_parquet(out / "transformed" / name, compression="snappy")
        rows += joined.height
        plane += joined["plane_known"].null_count()
        airport += joined["dest_known"].null_count()
        no_hour += joined["hour_known"].null_count()
        delay += joined["arr_delay"].sum()
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - begun,
                "rows": rows,
                "unresolved": {"plane": plane, "airport": airport, "weather": no_hour},
                "arr_delay_sum": delay,
            }
        )
    )


main()
