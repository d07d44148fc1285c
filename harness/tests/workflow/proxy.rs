//! A TLS front of the dev server, which has no TLS of its own: what stands between a user and
//! Temporal Cloud. It can demand a client certificate, or a header such as the API key's.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use http_body_util::{Either, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use crate::certificates::Certificates;

/// What the front demands of a client, besides TLS.
#[derive(Clone)]
pub enum Demand {
    /// A certificate of the same authority.
    Certificate,
    /// These headers in every request.
    Headers(&'static [(&'static str, &'static str)]),
}

/// A front on a port of its own; it goes with the runtime.
pub struct Proxy {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Proxy {
    /// A front for `server`, called `localhost`.
    pub fn start(server: &str, certificates: &Certificates, demand: Demand) -> Result<Self> {
        let config = config(certificates, &demand)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.spawn(serve(listener, acceptor, server.to_owned(), demand));
        Ok(Self {
            address,
            _runtime: runtime,
        })
    }

    /// `localhost:port`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.address.port())
    }
}

fn config(certificates: &Certificates, demand: &Demand) -> Result<ServerConfig> {
    let provider = Arc::new(crypto::ring::default_provider());
    let own = certificates.sign("localhost")?;
    let chain = vec![CertificateDer::from_pem_file(own.certificate)?];
    let key = PrivateKeyDer::from_pem_file(own.key)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match demand {
        Demand::Headers(_) => builder.with_no_client_auth(),
        Demand::Certificate => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(certificates.authority())?)?;
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, server: String, demand: Demand) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, server, demand) = (acceptor.clone(), server.clone(), demand.clone());
        // A client that breaks off is the client's business: its test looks at what it says.
        tokio::spawn(async move {
            let stream = acceptor.accept(stream).await?;
            forward(TokioIo::new(stream), &server, demand).await
        });
    }
}

/// Passes one connection's requests on.
async fn forward<S>(client: TokioIo<S>, server: &str, demand: Demand) -> Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let upstream = TokioIo::new(TcpStream::connect(server).await?);
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), upstream).await?;
    tokio::spawn(connection);
    let server = server.to_owned();
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut sender, server, demand) = (sender.clone(), server.clone(), demand.clone());
        async move {
            if !allowed(&request, &demand) {
                return anyhow::Ok(unauthenticated()?);
            }
            let answer = sender.send_request(addressed(request, &server)?).await?;
            Ok(answer.map(Either::Left))
        }
    });
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(client, service)
        .await
        .context("a connection of the front")
}

fn allowed(request: &Request<Incoming>, demand: &Demand) -> bool {
    match demand {
        Demand::Certificate => true,
        Demand::Headers(headers) => headers.iter().all(|(name, value)| {
            let found = request.headers().get(*name);
            found.is_some_and(|found| found == value)
        }),
    }
}

/// The request with the server's own name in it.
fn addressed(mut request: Request<Incoming>, server: &str) -> Result<Request<Incoming>> {
    let path = request.uri().path().to_owned();
    *request.uri_mut() = Uri::builder()
        .scheme("http")
        .authority(server)
        .path_and_query(path)
        .build()?;
    Ok(request)
}

/// gRPC's status 16, as a server says it that does not know the key.
fn unauthenticated() -> Result<Response<Either<Incoming, Empty<Bytes>>>> {
    Ok(Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "16")
        .header("grpc-message", "Request unauthorized.")
        .body(Either::Right(Empty::new()))?)
}
