//! A browser without a screen: keeps cookies, sends what a browser sends, and reads pages with CSS selectors.

use super::tls::tls;
use scraper::{Html, Selector};
use std::collections::BTreeMap;

pub struct Browser {
    base: String,
    client: reqwest::Client,
    pub cookies: BTreeMap<String, String>,
    /// Header that a browser sends with every request of our own pages; a test may say otherwise.
    pub fetch_site: Option<String>,
    pub htmx: bool,
    /// The page that a form stands on, where that matters: a path of ours, or a whole address.
    pub page: Option<String>,
}

/// An answer.
pub struct Page {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Page {
    /// The page's text, with white space folded.
    pub fn text(&self) -> String {
        let html = Html::parse_document(&self.body);
        let main = Selector::parse("main").expect("a selector");
        let texts: Vec<&str> = match html.select(&main).next() {
            Some(main) => main.text().collect(),
            None => html.root_element().text().collect(),
        };
        texts
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The text of every element that a selector finds.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        html.select(&selector)
            .map(|e| {
                e.text()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    /// An attribute of the first element that a selector finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        html.select(&selector)
            .find_map(|e| e.value().attr(name).map(str::to_owned))
    }

    /// An attribute of every element that has it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        Html::parse_document(&self.body)
            .select(&selector)
            .filter_map(|e| e.attr(name))
            .map(str::to_owned)
            .collect()
    }

    pub fn has(&self, selector: &str) -> bool {
        !self.all(selector).is_empty()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> String {
        let named = |name| self.headers.get(name);
        named("location")
            .or_else(|| named("hx-redirect"))
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    }

    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.location(), self.text());
        self
    }

    #[track_caller]
    pub fn assert_says(self, words: &str) -> Self {
        assert!(
            self.text().contains(words),
            "“{words}” is not on the page: {}",
            self.text()
        );
        self
    }
}

/// Fields as a form sends them.
pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Browser {
    pub fn new(base: &str) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(tls())
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            client,
            cookies: BTreeMap::new(),
            fetch_site: Some("same-origin".into()),
            htmx: false,
            page: None,
        }
    }

    /// Another browser with the same cookies: another tab.
    pub fn another_tab(&self) -> Self {
        Self {
            cookies: self.cookies.clone(),
            ..Self::new(&self.base)
        }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(reqwest::Method::GET, path, None).await
    }

    /// Submits a form and gives the answer, redirects not followed.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(reqwest::Method::POST, path, Some(form(fields)))
            .await
    }

    /// Submits a form and goes where it leads, as a person sees it.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut page = self.post(path, fields).await;
        while (300..400).contains(&page.status) {
            let to = page.location();
            page = self.get(&to).await;
        }
        page
    }

    /// Opens a page and goes where it leads.
    pub async fn open(&mut self, path: &str) -> Page {
        let mut page = self.get(path).await;
        while (300..400).contains(&page.status) {
            let to = page.location();
            page = self.get(&to).await;
        }
        page
    }

    pub async fn send(
        &mut self,
        method: reqwest::Method,
        path: &str,
        form: Option<String>,
    ) -> Page {
        self.ask(method, path, form).await.expect("Roster answers")
    }

    /// The same, where the program may end before it has answered.
    pub async fn ask(
        &mut self,
        method: reqwest::Method,
        path: &str,
        form: Option<String>,
    ) -> reqwest::Result<Page> {
        let path = path.strip_prefix(&self.base).unwrap_or(path);
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("user-agent", "test browser");
        if let Some(site) = &self.fetch_site {
            request = request.header("sec-fetch-site", site);
        }
        if self.htmx {
            request = request
                .header("hx-request", "true")
                .header("hx-request-type", "partial");
        }
        if let Some(page) = &self.page {
            let url = if page.starts_with('/') {
                format!("{}{page}", self.base)
            } else {
                page.clone()
            };
            request = request.header(
                if self.htmx {
                    "hx-current-url"
                } else {
                    "referer"
                },
                url,
            );
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(form) = form {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap_or(""));
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Page {
            status,
            headers,
            body: answer.text().await?,
        })
    }

    fn keep(&mut self, cookie: &str) {
        let Some((name, value)) = cookie
            .split(';')
            .next()
            .and_then(|pair| pair.split_once('='))
        else {
            return;
        };
        if cookie.contains("Max-Age=0") || value.is_empty() {
            self.cookies.remove(name.trim());
        } else {
            self.cookies
                .insert(name.trim().to_owned(), value.to_owned());
        }
    }
}
