//! A service: asks the API with a bearer token.

use super::house::House;
use super::tls::tls;
use roster::accounts::{TokenScope, create_token_for};
use serde_json::Value;

#[derive(Clone)]
pub struct Client {
    base: String,
    token: String,
    http: reqwest::Client,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub json: Value,
}

impl House {
    /// A service with a new token of the person with this address, who has signed in before.
    pub async fn client(&self, email: &str) -> Client {
        self.client_that_may(email, TokenScope::Write).await
    }

    pub async fn client_that_may(&self, email: &str, scope: TokenScope) -> Client {
        let made = create_token_for(&self.app, email, "test", scope, None)
            .await
            .expect("a token is made");
        Client::new(&self.url, &made.secret)
    }
}

impl Client {
    pub fn new(base: &str, token: &str) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            token: token.to_owned(),
            http,
        }
    }

    /// This client with another's token, over this one's connection.
    pub fn with_token_of(&self, other: &Client) -> Self {
        Self {
            token: other.token.clone(),
            ..self.clone()
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, &[]).await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Self::answer(request).await
    }

    /// Sends a body as it is; `kind` is its content type, or "".
    pub async fn send_text(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let mut request = self.request(method, path).body(body.to_owned());
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        Self::answer(request).await
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.base));
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }

    async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.expect("Roster answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("the answer is text");
        Answer {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }

    /// Asserts a refusal: its status and its code, as a problem document.
    #[track_caller]
    pub fn assert_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.json["code"].as_str().unwrap_or_default()),
            (status, code),
            "{}",
            self.json
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["status"], status);
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(self.json["request_id"], self.header("x-request-id"));
        self
    }

    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.json);
        self
    }
}
