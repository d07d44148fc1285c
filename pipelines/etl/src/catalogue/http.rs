//! The HTTP side of the catalogue: paths, headers and bodies to posts, and answers back.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request};

use super::post::Post;
use super::service::State;
use crate::http::{Answer, body, key, on_file, refusal};

/// The paths that the service knows, one a kind of post.
const PATHS: [&str; 3] = ["/announcements", "/retractions", "/escalations"];

pub(super) async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Answer, Answer> {
    let path = request.uri().path().to_owned();
    if !PATHS.contains(&path.as_str()) {
        let known = PATHS.join(", ");
        return Err(refusal(
            404,
            &format!("unknown path {path}; known: {known}"),
        ));
    }
    match *request.method() {
        Method::GET => on_file(move || Ok(state.list())).await,
        Method::POST => {
            state.refuse_as_told()?;
            let key = key(&request)?;
            let post = post(&path, &body(request).await?)?;
            on_file(move || state.take(&key, post)).await
        }
        _ => Err(refusal(405, "only GET and POST are served")),
    }
}

/// A body as a post of the kind that its path says.
fn post(path: &str, body: &[u8]) -> Result<Post, Answer> {
    let (kind, post) = match path {
        "/retractions" => (
            "a retraction",
            serde_json::from_slice(body).map(Post::Retraction),
        ),
        "/escalations" => (
            "an escalation",
            serde_json::from_slice(body).map(Post::Escalation),
        ),
        _ => (
            "an announcement",
            serde_json::from_slice(body).map(Post::Announcement),
        ),
    };
    post.map_err(|e| refusal(400, &format!("the body is not {kind}: {e}")))
}

#[cfg(test)]
mod tests;
