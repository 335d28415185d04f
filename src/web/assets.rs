//! The style sheet, the script, the icons and htmx, out of the binary.
//!
//! Their addresses carry the hash of their content, so a browser keeps them for good and asks only once. The list, the
//! hashes and the gzip are made by `build.rs`.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// One file as `build.rs` embeds it.
struct Asset {
    /// `/static/app.1a2b3c4d.css`
    url: &'static str,
    /// The eight digits in its address.
    hash: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    gzip: &'static [u8],
}

/// The addresses that a page's frame links to.
#[derive(Clone, Copy, Debug)]
pub struct Assets {
    pub css: &'static str,
    pub js: &'static str,
    /// Nothing where the binary was built without npm: pages are then loaded whole.
    pub htmx: Option<&'static str>,
    /// One SVG sprite: `<use href="{{ assets.icons }}#name">`.
    pub icons: &'static str,
    pub favicon: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The addresses of this build.
pub const fn assets() -> Assets {
    URLS
}

/// `GET /static/{file}`: the file of exactly that name and hash; anything else is not found.
pub async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS
        .iter()
        .find(|asset| asset.url.strip_prefix("/static/") == Some(&file))
    {
        Some(asset) => answer(asset, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let gzip = accepts_gzip(headers);
    // The two encodings are different bytes, and a strong ETag names bytes.
    let etag = if gzip {
        format!("\"{}-gzip\"", asset.hash)
    } else {
        format!("\"{}\"", asset.hash)
    };
    let mut response = if has_it(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(if gzip { asset.gzip } else { asset.bytes }))
    };
    let mut set = |name: HeaderName, value: &'static str| {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    };
    set(CACHE_CONTROL, "public, max-age=31536000, immutable");
    set(VARY, "accept-encoding");
    set(CONTENT_TYPE, asset.content_type);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if gzip {
        set(CONTENT_ENCODING, "gzip");
    }
    response.headers_mut().insert(
        ETAG,
        HeaderValue::from_str(&etag).expect("an ETag of letters and digits"),
    );
    response
}

/// Whether the browser takes gzip: named, or covered by `*`, and not with a weight of zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let (mut named, mut any) = (None, None);
    for coding in headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','))
    {
        let (coding, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.trim().parse::<f32>().ok())
            == Some(0.0);
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(!refused),
            "*" => any = Some(!refused),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

fn has_it(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
        })
}

/// `GET /favicon.ico`, which browsers ask for whatever a page says.
pub async fn favicon() -> axum::response::Redirect {
    axum::response::Redirect::permanent(URLS.favicon)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::body::to_bytes;

    use super::*;

    fn content(url: &str) -> &'static [u8] {
        ASSETS
            .iter()
            .find(|asset| asset.url == url)
            .expect("an embedded file")
            .bytes
    }

    async fn get(
        url: &str,
        headers: &[(HeaderName, &'static str)],
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        let response = serve(Path(url.trim_start_matches("/static/").to_owned()), headers).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole body");
        (parts.status, parts.headers, body.to_vec())
    }

    #[tokio::test]
    async fn a_file_is_served_under_its_hash_and_kept_for_good() {
        let (status, headers, body) = get(assets().css, &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body, content(assets().css));
        assert_eq!(
            headers[CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(headers[VARY], "accept-encoding");
        assert!(!headers.contains_key(CONTENT_ENCODING));
    }

    #[tokio::test]
    async fn gzip_is_sent_to_who_accepts_it_and_is_the_same_file() {
        let (_, headers, body) = get(assets().js, &[(ACCEPT_ENCODING, "br, gzip;q=0.8")]).await;
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&body[..])
            .read_to_end(&mut plain)
            .expect("a gzip stream");
        assert_eq!(plain, content(assets().js));

        for refusal in ["", "br", "gzip;q=0", "*, gzip; q=0.0"] {
            let (_, headers, _) = get(assets().js, &[(ACCEPT_ENCODING, refusal)]).await;
            assert!(!headers.contains_key(CONTENT_ENCODING), "{refusal}");
        }
    }

    #[tokio::test]
    async fn a_file_that_the_browser_has_is_not_sent_again() {
        let (_, headers, _) = get(assets().icons, &[(ACCEPT_ENCODING, "gzip")]).await;
        let etag: &'static str = headers[ETAG].to_str().expect("text").to_owned().leak();
        let (status, headers, body) = get(
            assets().icons,
            &[(ACCEPT_ENCODING, "gzip"), (IF_NONE_MATCH, etag)],
        )
        .await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(headers[ETAG], etag);
        let (status, ..) = get(assets().icons, &[(IF_NONE_MATCH, etag)]).await;
        assert_eq!(status, StatusCode::OK, "the other encoding is another file");
    }

    #[tokio::test]
    async fn another_name_or_hash_is_not_found() {
        for url in ["app.css", "app.00000000.css", "../Cargo.toml", ""] {
            assert_eq!(get(url, &[]).await.0, StatusCode::NOT_FOUND, "{url}");
        }
    }
}
