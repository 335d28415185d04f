//! Where to go after: one of our own paths, and nothing else (SEC-W3).

use url::Url;

/// Longest path that is carried along.
const LONGEST: usize = 1_000;

/// The path to go to, or "" for one that isn't ours. The text is read as a browser would read it, against an address of
/// our own; what comes out must still be there.
pub fn own_path(input: &str) -> String {
    parse(input).unwrap_or_default()
}

fn parse(input: &str) -> Option<String> {
    let plain = input.starts_with('/')
        && input.len() <= LONGEST
        && !input
            .chars()
            .any(|c| c.is_control() || c == '\\' || c.is_whitespace());
    if !plain {
        return None;
    }
    let base = Url::parse("https://own.invalid/").ok()?;
    let url = base.join(input).ok()?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let path = url.path();
    // A browser takes two slashes at the start for another host; `/x/..//host` has them only after it is read.
    if path.starts_with("//") || path.contains('\\') {
        return None;
    }
    Some(match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    })
}

/// `path` with `next` as its parameter, where there is one.
pub fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() {
        return path.to_owned();
    }
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}next={next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What has been used to lead people away; each must come to nothing or stay here.
    pub const PAYLOADS: [&str; 44] = [
        "//evil.test",
        "///evil.test",
        "////evil.test",
        "/\\evil.test",
        "/\\/evil.test",
        "\\/evil.test",
        "\\\\evil.test",
        "//\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/\r/evil.test",
        "\t//evil.test",
        " //evil.test",
        "/ /evil.test",
        "/\u{a0}/evil.test",
        "/\u{2028}/evil.test",
        "http://evil.test",
        "https://evil.test",
        "HTTPS://evil.test",
        "https:evil.test",
        "https:/evil.test",
        "https:///evil.test",
        "//evil.test@own.invalid",
        "//own.invalid@evil.test",
        "https://own.invalid@evil.test",
        "https://own.invalid.evil.test",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "evil.test",
        ".evil.test",
        "@evil.test",
        ":evil.test",
        "/.//evil.test",
        "/x/..//evil.test",
        "/x/../..//evil.test",
        "/%2e//evil.test",
        "/a/%2e%2e//evil.test",
        "/x/../\\evil.test",
        "/\u{0}/evil.test",
        "//%65vil.test",
    ];

    #[test]
    fn sec_w3_no_payload_leads_away_from_our_own_host() {
        for payload in PAYLOADS {
            assert_eq!(own_path(payload), "", "{payload:?}");
        }
    }

    #[test]
    fn sec_w3_our_own_paths_are_kept_with_their_query() {
        for (input, path) in [
            (
                "/orgs/acme/members?q=a%20b&sort=name",
                "/orgs/acme/members?q=a%20b&sort=name",
            ),
            ("/account/security#sessions", "/account/security"),
            ("/a/../b", "/b"),
            ("/x?to=//evil.test", "/x?to=//evil.test"),
            ("/%2Fevil.test", "/%2Fevil.test"),
            ("", ""),
        ] {
            assert_eq!(own_path(input), path, "{input:?}");
        }
        assert_eq!(own_path(&format!("/{}", "x".repeat(1_000))), "");
        assert_eq!(
            with_next("/sign-in", "/a?b=c&d"),
            "/sign-in?next=%2Fa%3Fb%3Dc%26d"
        );
    }
}
