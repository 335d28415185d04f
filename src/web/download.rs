//! Files that are made while they are sent.

use crate::audit::Export;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

/// A CSV file that is whole already. The name is made of slugs, dates and words of ours.
pub fn csv(file: Vec<u8>, name: &str) -> Response {
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
    );
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// An export of the audit log, as the file that it is. One that fails on the way ends without its end, so that nobody
/// takes a part for the whole.
pub fn audit(export: Export, slug: &str) -> Response {
    let name = export.file_name(slug);
    let kind = export.format().media_type();
    let parts = stream::try_unfold(export, |mut export| async move {
        match export.next().await {
            Ok(part) => Ok(part.map(|part| (part, export))),
            Err(refusal) => {
                tracing::error!(error = %refusal, "an export of the audit log ended early");
                Err(std::io::Error::other("the export ended early"))
            }
        }
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // A slug and a date: nothing that somebody typed.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
