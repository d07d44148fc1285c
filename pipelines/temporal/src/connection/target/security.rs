//! Certificates and keys of a profile: read and looked at before anybody connects, so that a wrong
//! file is a wrong configuration and not a server out of reach.

use temporalio_client::envconfig::{ClientConfigProfile, DataSource};
use temporalio_client::tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

/// Reads what the profile's paths lead to into the profile itself.
///
/// # Errors
/// A message that names the file, or the setting that the SDK would ignore: a codec, whose data would
/// go unencoded, and host verification, which the SDK cannot switch off.
pub(super) fn read(profile: &mut ClientConfigProfile) -> Result<(), String> {
    if profile.codec.is_some() {
        return Err(
            "codec: remote codecs are not supported; expected none, as payloads would go unencoded"
                .to_owned(),
        );
    }
    let Some(tls) = &mut profile.tls else {
        return Ok(());
    };
    if tls.disabled == Some(true) {
        return Ok(());
    }
    if tls.disable_host_verification {
        return Err(
            "disable_host_verification: not supported; expected server_name and server_ca_cert_path"
                .to_owned(),
        );
    }
    let ca = pem("server CA certificate", &mut tls.server_ca_cert)?;
    let certificate = pem("client certificate", &mut tls.client_cert)?;
    let key = pem("client key", &mut tls.client_key)?;
    if let Some((name, ca)) = ca {
        if !text(&ca).contains("-----BEGIN CERTIFICATE-----") {
            return Err(format!("{name}: expected certificates in PEM, found none"));
        }
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
        usable(tls).map_err(|reason| format!("{name}: {reason}"))?;
    }
    if let (Some((name, certificate)), Some((_, key))) = (certificate, key) {
        let tls = ClientTlsConfig::new().identity(Identity::from_pem(certificate, key));
        usable(tls).map_err(|reason| format!("{name} and its key: {reason}"))?;
    }
    Ok(())
}

type Pem = Option<(String, Vec<u8>)>;

/// The bytes of a source and a name for it in messages.
fn pem(what: &str, source: &mut Option<DataSource>) -> Result<Pem, String> {
    let (name, bytes) = match source {
        None => return Ok(None),
        Some(DataSource::Path(path)) => {
            let name = format!("{what} {path}");
            let bytes = std::fs::read(path).map_err(|error| format!("{name}: {error}"))?;
            (name, bytes)
        }
        Some(DataSource::Data(bytes)) => (what.to_owned(), bytes.clone()),
        Some(_) => return Err(format!("{what}: expected a path or data")),
    };
    *source = Some(DataSource::Data(bytes.clone()));
    Ok(Some((name, bytes)))
}

/// Whether TLS can be set up so, by the library that will do it.
fn usable(tls: ClientTlsConfig) -> Result<(), String> {
    let endpoint = Endpoint::from_static("https://localhost");
    match endpoint.tls_config(tls) {
        Ok(_) => Ok(()),
        Err(error) => Err(crate::connection::innermost(&error)),
    }
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
