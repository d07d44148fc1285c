//! What a run that succeeds says of data that is missing.

use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Etl, EtlConfig, Summary};

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, catalogue};

fn summary(inputs: &Inputs) -> Summary {
    let (_receipts, catalogue) = catalogue();
    let etl = Etl::open(EtlConfig {
        catalogue_url: Some(catalogue.url().to_owned()),
        ..inputs.config()
    });
    etl.unwrap().run_direct("run-1", "tiny", 2).unwrap()
}

fn inputs() -> Inputs {
    Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"))
}

#[test]
fn nothing_is_said_where_nothing_is_missing() {
    let summary = summary(&inputs());
    assert_eq!(summary.warnings, [""; 0]);
    // Readers of the version before know no such field.
    let json = serde_json::to_value(&summary).unwrap();
    assert!(json.get("warnings").is_none());
    assert_eq!(serde_json::from_value::<Summary>(json).unwrap(), summary);
}

#[test]
fn quarantine_above_the_threshold_is_warned_of() {
    let inputs = inputs();
    inputs.write(
        Dataset::Airlines,
        "carrier,name\nUA,United Air Lines Inc.\n",
    );
    let found = summary(&inputs);
    assert_eq!(
        (found.extracted, found.accepted, found.quarantined),
        (4, 2, 2)
    );
    assert_eq!(
        found.warnings,
        [
            "flights: 2 of 4 rows are in quarantine, more on 1 of 2 days: 2013-01-01 (2 of 3) than \
          max_quarantine = 0.01 allows"
        ]
    );
    let sources = inputs.path().join("sources.toml");
    let text = std::fs::read_to_string(&sources).unwrap();
    let lax = text.replace(
        "title = \"two days\"\n",
        "title = \"two days\"\nmax_quarantine = 0.67\n",
    );
    std::fs::write(&sources, lax).unwrap();
    assert_eq!(summary(&inputs).warnings, [""; 0]);
}

#[test]
fn a_day_without_rows_is_warned_of() {
    let inputs = inputs();
    let second = FLIGHTS.lines().next().unwrap();
    inputs.write(Dataset::Flights, &format!("{FLIGHTS_HEADER}{second}\n"));
    let weather = "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour\n\
                   EWR,2012,12,31,5,39.02,28.04,64.43,260,12.65858,NA,0,1011.9,10,2012-12-31T10:00:00Z\n";
    inputs.write(Dataset::Weather, weather);
    assert_eq!(
        summary(&inputs).warnings,
        [
            "flights: no rows for 1 of 2 days: 2013-01-01",
            "weather: no rows for 2 of 2 days: 2013-01-01, 2013-01-02",
        ]
    );
}
