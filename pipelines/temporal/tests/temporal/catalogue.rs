//! The catalogue service that `announce` posts to: a receipt per idempotency key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;

/// A catalogue service in a thread; it stops when it is dropped.
pub struct Catalogue {
    server: Arc<tiny_http::Server>,
    receipts: Arc<Mutex<HashMap<String, u64>>>,
}

impl Catalogue {
    pub fn start() -> Self {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let receipts = Arc::new(Mutex::new(HashMap::new()));
        let (served, kept) = (Arc::clone(&server), Arc::clone(&receipts));
        thread::spawn(move || {
            for mut request in served.incoming_requests() {
                let mut body = String::new();
                request.as_reader().read_to_string(&mut body).unwrap();
                let key = request
                    .headers()
                    .iter()
                    .find(|header| header.field.equiv("Idempotency-Key"))
                    .map(|header| header.value.to_string())
                    .unwrap();
                *kept.lock().unwrap().entry(key.clone()).or_default() += 1;
                let answer = format!(r#"{{"receipt": "receipt of {key}"}}"#);
                request
                    .respond(tiny_http::Response::from_string(answer))
                    .unwrap();
            }
        });
        Self { server, receipts }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    /// How often each idempotency key was posted.
    pub fn posts(&self) -> HashMap<String, u64> {
        self.receipts.lock().unwrap().clone()
    }
}

impl Drop for Catalogue {
    fn drop(&mut self) {
        self.server.unblock();
    }
}
