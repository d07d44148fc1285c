//! The SDK's own metrics for Prometheus: slots in use, polls, latencies of tasks, failures, cache.

use std::net::SocketAddr;
use std::sync::Arc;

use temporalio_common::telemetry::metrics::CoreMeter;
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TelemetryOptions, start_prometheus_metric_exporter,
};
use temporalio_sdk::runtime::RuntimeOptions;
use tokio::task::AbortHandle;

use super::WorkerError;

/// An endpoint that serves metrics for as long as this lives.
pub(super) struct Metrics {
    address: SocketAddr,
    meter: Arc<dyn CoreMeter>,
    server: AbortHandle,
}

impl Metrics {
    /// Serves metrics at `http://{address}/metrics`; a port 0 takes a free one.
    pub(super) fn serve(address: SocketAddr) -> Result<Self, WorkerError> {
        let options = PrometheusExporterOptions::builder()
            .socket_addr(address)
            .build();
        let started =
            start_prometheus_metric_exporter(options).map_err(|error| WorkerError::Metrics {
                address,
                reason: error.to_string(),
            })?;
        Ok(Self {
            address: started.bound_addr,
            meter: started.meter,
            server: started.abort_handle,
        })
    }

    /// Where they are served.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The options of a runtime whose workers are measured.
    pub(super) fn runtime(&self) -> Result<RuntimeOptions, WorkerError> {
        let telemetry = TelemetryOptions::builder()
            .metrics(Arc::clone(&self.meter))
            .build();
        RuntimeOptions::builder()
            .telemetry_options(telemetry)
            .build()
            .map_err(WorkerError::Runtime)
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.server.abort();
    }
}
