#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::collections::HashSet;

use serde_json::{Value, json};

use super::*;
use crate::http::KEY_HEADER;

fn service() -> (tempfile::TempDir, CatalogueService) {
    let folder = tempfile::tempdir().unwrap();
    let service = CatalogueService::start(&folder.path().join("new/receipts.jsonl")).unwrap();
    (folder, service)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent()
}

/// The status and the body of the answer.
fn post(service: &CatalogueService, path: &str, key: &str, body: &str) -> (u16, Value) {
    let mut answer = agent()
        .post(format!("{}{path}", service.url()))
        .header(KEY_HEADER, key)
        .send(body)
        .unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&body).unwrap(),
    )
}

fn announce(service: &CatalogueService, run: &str, version: &str) -> (u16, Value) {
    let body = json!({"source": "EWR", "version": version, "run": run}).to_string();
    post(
        service,
        "/announcements",
        &format!("{run}/announce/-"),
        &body,
    )
}

fn retract(service: &CatalogueService, run: &str) -> (u16, Value) {
    let announcement = format!("{run}/announce/-");
    let body = json!({"source": "EWR", "run": run, "announcement": announcement}).to_string();
    post(
        service,
        "/retractions",
        &format!("{run}/undo_announce/-"),
        &body,
    )
}

fn current(service: &CatalogueService) -> Option<String> {
    service
        .current("EWR")
        .map(|announcement| announcement.version)
}

#[test]
fn a_key_keeps_its_receipt_over_a_restart() {
    let (folder, service) = service();
    let first = announce(&service, "r1", "v1");
    assert_eq!(first, (200, json!({"receipt": "receipt-000001"})));
    assert_eq!(announce(&service, "r1", "v1"), first);
    assert_ne!(announce(&service, "r2", "v1").1, first.1);
    drop(service);

    // A crash in the middle of a write leaves half a line, which nobody was answered.
    let file = folder.path().join("new/receipts.jsonl");
    let mut torn = std::fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .unwrap();
    std::io::Write::write_all(&mut torn, br#"{"key":"r3/anno"#).unwrap();
    let service = CatalogueService::start(&file).unwrap();
    assert_eq!(announce(&service, "r1", "v1"), first);
    let repeated: Vec<bool> = service.deliveries().iter().map(|d| d.repeated).collect();
    assert_eq!(repeated, [false, true, false, true]);
    let url = format!("{}/announcements", service.url());
    let listed: Vec<Delivery> = agent()
        .get(url)
        .call()
        .unwrap()
        .body_mut()
        .read_json()
        .unwrap();
    assert_eq!(listed, service.deliveries());
}

#[test]
fn a_retraction_makes_the_version_before_it_current_again() {
    let (folder, service) = service();
    announce(&service, "r1", "v1");
    announce(&service, "r2", "v2");
    assert_eq!(current(&service).as_deref(), Some("v2"));
    let first = retract(&service, "r2");
    let receipt = "receipt-000003";
    assert_eq!(
        first,
        (
            200,
            json!({"receipt": receipt, "known": true, "current": "v1"})
        )
    );
    assert_eq!(current(&service).as_deref(), Some("v1"));
    assert_eq!(retract(&service, "r2"), first);
    assert_eq!(current(&service).as_deref(), Some("v1"));

    // It holds for an announcement that comes late, over a restart too.
    assert_eq!(retract(&service, "r3").1["known"], false);
    drop(service);
    let service = CatalogueService::start(&folder.path().join("new/receipts.jsonl")).unwrap();
    let (status, reason) = announce(&service, "r3", "v3");
    assert_eq!(
        (status, &reason["error"]),
        (
            409,
            &json!("announcement r3/announce/- was retracted; start another run")
        )
    );
    assert_eq!(current(&service).as_deref(), Some("v1"));
}

#[test]
fn what_is_not_a_post_of_its_kind_is_refused_with_a_reason() {
    let (_folder, service) = service();
    for (path, body, status, part) in [
        ("/announcements", "{not json", 400, "not an announcement"),
        (
            "/retractions",
            r#"{"source": "EWR"}"#,
            400,
            "not a retraction: missing field",
        ),
        (
            "/escalations",
            r#"{"sauce": 1}"#,
            400,
            "not an escalation: unknown field",
        ),
        (
            "/elsewhere",
            "{}",
            404,
            "known: /announcements, /retractions",
        ),
    ] {
        let (found, reason) = post(&service, path, "k", body);
        assert_eq!(found, status, "{path}");
        assert!(reason["error"].as_str().unwrap().contains(part), "{reason}");
    }
    let (status, reason) = post(&service, "/announcements", "", "{}");
    assert_eq!(
        (status, &reason["error"]),
        (400, &json!("the header Idempotency-Key is missing"))
    );
    assert_eq!(service.deliveries(), []);
}

#[test]
fn it_refuses_as_often_as_it_is_told() {
    let (_folder, service) = service();
    service.refuse_next(2);
    let statuses = [(); 3].map(|()| announce(&service, "r1", "v1").0);
    assert_eq!(statuses, [503, 503, 200]);
    service.throttle_next(1, 7);
    let throttled = agent()
        .post(format!("{}/announcements", service.url()))
        .header(KEY_HEADER, "r1/announce/-")
        .send("{}")
        .unwrap();
    assert_eq!(
        (
            throttled.status().as_u16(),
            &throttled.headers()["Retry-After"]
        ),
        (429, &"7".parse().unwrap())
    );
    assert_eq!(announce(&service, "r1", "v1").0, 200);
    assert_eq!(service.deliveries().len(), 2);
}

#[test]
fn a_bad_line_in_the_middle_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipts.jsonl");
    std::fs::write(&file, "{}\n").unwrap();
    let error = CatalogueService::start(&file).err().unwrap();
    assert!(
        error.to_string().contains("receipts.jsonl, line 1: "),
        "{error}"
    );
}

#[test]
fn two_services_on_one_file_give_a_key_one_receipt_and_know_each_others_retractions() {
    let (folder, one) = service();
    let other = CatalogueService::start(&folder.path().join("new/receipts.jsonl")).unwrap();
    let first = announce(&one, "r1", "v1");
    assert_eq!(announce(&other, "r1", "v1"), first);
    assert_ne!(announce(&other, "r2", "v2").1, first.1);
    assert_eq!(current(&one).as_deref(), Some("v2"));

    // Taken back at one, it is refused and current no longer at the other.
    assert_eq!(retract(&one, "r2").1["current"], "v1");
    assert_eq!(current(&other).as_deref(), Some("v1"));
    assert_eq!(announce(&other, "r2", "v2").0, 409);
    assert_eq!(retract(&other, "r3").1["known"], false);
    assert_eq!(announce(&one, "r3", "v3").0, 409);
    assert_eq!(one.deliveries(), other.deliveries());
}

#[test]
fn services_that_are_posted_to_at_once_share_receipts() {
    let (folder, one) = service();
    let file = folder.path().join("new/receipts.jsonl");
    let services = [
        one,
        CatalogueService::start(&file).unwrap(),
        CatalogueService::start(&file).unwrap(),
    ];
    const KEYS: usize = 20;
    std::thread::scope(|scope| {
        for service in &services {
            scope.spawn(move || {
                for key in 0..KEYS {
                    assert_eq!(announce(service, &format!("r{key}"), "v1").0, 200);
                }
            });
        }
    });
    let deliveries = services[0].deliveries();
    assert_eq!(deliveries.len(), services.len() * KEYS);
    let pairs: HashSet<_> = deliveries.iter().map(|d| (&d.key, &d.receipt)).collect();
    let receipts: HashSet<_> = deliveries.iter().map(|d| &d.receipt).collect();
    let first = deliveries.iter().filter(|d| !d.repeated).count();
    assert_eq!([pairs.len(), receipts.len(), first], [KEYS; 3]);
}

#[test]
fn a_file_that_was_replaced_is_refused() {
    let (folder, service) = service();
    announce(&service, "r1", "v1");
    let file = folder.path().join("new/receipts.jsonl");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "").unwrap();
    let (status, reason) = announce(&service, "r1", "v1");
    assert_eq!(status, 500, "{reason}");
    assert!(reason.to_string().contains("replaced or cut"), "{reason}");
}
