//! Small inputs, and a catalogue service.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use orchbench_etl::catalogue::CatalogueService;
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Day, Etl, EtlConfig, Extracted, StepCall, StepError, StepInputs, StepOutput};

/// The header of the flights.
pub const FLIGHTS_HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n";

/// Four flights on two days, the second day first, one of them cancelled.
pub const FLIGHTS: &str = "\
2013,1,2,557,600,-3,709,723,-14,UA,9,N14228,EWR,IAD,53,229,6,0,2013-01-02T11:00:00Z
2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
2013,1,1,542,540,2,923,850,33,AA,1141,NOPLANE,JFK,MIA,160,1089,5,40,2013-01-01T10:00:00Z
2013,1,1,NA,1630,NA,NA,1815,NA,AA,30,NA,LGA,BQN,NA,431,16,30,2013-01-01T21:00:00Z
";

/// A folder with a data folder and a catalogue of sources in it.
pub struct Inputs {
    pub folder: tempfile::TempDir,
}

impl Inputs {
    /// The small inputs, with the flights given, header included.
    pub fn new(flights: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inputs = Self { folder };
        std::fs::create_dir(inputs.data_dir()).unwrap();
        inputs.write(Dataset::Flights, flights);
        inputs.write(
            Dataset::Airlines,
            "carrier,name\nAA,American Airlines Inc.\nUA,United Air Lines Inc.\n",
        );
        inputs.write(
            Dataset::Airports,
            "faa,name,lat,lon,alt,tz,dst,tzone\nIAH,Houston,29.98,-95.34,97,-6,A,America/Chicago\n\
             MIA,Miami,25.79,-80.29,8,-5,A,NA\nIAD,Dulles,38.94,-77.46,313,-5,A,America/New_York\n",
        );
        inputs.write(
            Dataset::Planes,
            "tailnum,year,type,manufacturer,model,engines,seats,speed,engine\n\
             N14228,1999,Fixed wing multi engine,BOEING,737-824,2,149,NA,Turbo-fan\n",
        );
        inputs.write(
            Dataset::Weather,
            "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour\n\
             EWR,2013,1,1,5,39.02,28.04,64.43,260,12.65858,NA,0,1011.9,10,2013-01-01T10:00:00Z\n\
             EWR,2013,1,2,6,39.02,28.04,64.43,260,-0.0,NA,0.1,1011.9,10,2013-01-02T11:00:00Z\n\
             JFK,2013,1,1,5,39.02,26.96,61.63,260,14.96014,NA,0,1012.1,10,2013-01-01T10:00:00Z\n",
        );
        let sources = "[sources.tiny]\ntitle = \"two days\"\nfirst = \"2013-01-01\"\nlast = \"2013-01-02\"\n\
                       [sources.newark]\ntitle = \"two days\"\norigins = [\"EWR\"]\nfirst = \"2013-01-01\"\nlast = \"2013-01-02\"\n";
        std::fs::write(inputs.folder.path().join("sources.toml"), sources).unwrap();
        inputs
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Replaces a dataset.
    pub fn write(&self, dataset: Dataset, table: &str) {
        self.write_bytes(dataset, table.as_bytes());
    }

    /// The same, by bytes that may be no text.
    pub fn write_bytes(&self, dataset: Dataset, table: &[u8]) {
        let file = std::fs::File::create(self.data_dir().join(dataset.zip_name())).unwrap();
        let mut zip = zip::ZipWriter::new(file);
        zip.start_file(dataset.csv_name(), zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(table).unwrap();
        zip.finish().unwrap();
    }

    pub fn config(&self) -> EtlConfig {
        let warehouse = format!("sqlite:{}", self.path().join("warehouse.db").display());
        EtlConfig {
            data_dir: Some(self.data_dir()),
            sources_file: Some(self.path().join("sources.toml")),
            ..EtlConfig::new(self.path().join("work"), warehouse)
        }
    }

    pub fn open(&self) -> Etl {
        Etl::open(self.config()).unwrap()
    }
}

/// The first attempt at a step of the source `tiny`.
pub fn call(partition: Option<&str>, inputs: StepInputs) -> StepCall {
    StepCall {
        run: "run-1".to_owned(),
        source: "tiny".to_owned(),
        partition: partition.map(day),
        attempt: 1,
        token: 1,
        inputs,
    }
}

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Extracts the flights of a day of the source `tiny`.
pub fn flights(etl: &Etl, day: &str) -> Result<Extracted, StepError> {
    etl.call(&call(Some(day), StepInputs::ExtractFlights))
        .and_then(StepOutput::try_into_extracted)
}

/// A catalogue service that keeps its receipts in a folder of its own.
pub fn catalogue() -> (tempfile::TempDir, CatalogueService) {
    let folder = tempfile::tempdir().unwrap();
    let service = CatalogueService::start(&folder.path().join("receipts.jsonl")).unwrap();
    (folder, service)
}
