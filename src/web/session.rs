//! Who is asking for a page: the session cookie, the person behind it, and the organization in the path.

use super::active::{self, Recent};
use super::csrf;
use super::error::{self, PageError};
use super::next::own_path;
use super::notice::Notice;
use super::page;
use super::waiting::{self, Banners};
use crate::accounts::{self, DbStore, SessionData};
use crate::actor::{Actor, Origin, Person, SignInMethod};
use crate::app::App;
use crate::error::Refusal;
use crate::ids::{OrgId, SessionId, UserId};
use axum::Extension;
use axum::RequestPartsExt as _;
use axum::extract::{ConnectInfo, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use url::{Position, Url};

/// The session cookie's name; `__Host-` binds it to this host where it can (https).
pub const COOKIE: &str = "sid";
const HOST_COOKIE: &str = "__Host-sid";
const NOTICE: &str = "notice";

/// Everything a handler wants to know about the request besides its fields.
#[derive(Clone)]
pub struct Visitor {
    pub person: Option<Arc<Person>>,
    pub origin: Origin,
    /// htmx asks, for a fragment or for a page that it takes a part of.
    pub scripted: bool,
    /// htmx asks for a fragment.
    pub partial: bool,
    pub notice: Option<Notice>,
    /// The path and query asked for.
    pub path: String,
    /// The page that they see: what they ask for, or where the form stands that they sent.
    pub page: String,
    /// Microseconds, for "2 minutes ago".
    pub now: i64,
    /// The workspaces that they had open, the active one first.
    pub recent: Vec<Recent>,
    /// Invitations that wait for their account at GitHub.
    pub waiting: Banners,
    /// What stands above every page of a demo or of development.
    pub banner: Option<&'static str>,
}

impl Visitor {
    /// Somebody of whom nothing is known.
    pub(super) fn nobody(now: i64) -> Self {
        Self {
            person: None,
            origin: Origin::default(),
            scripted: false,
            partial: false,
            notice: None,
            path: String::new(),
            page: String::new(),
            now,
            recent: Vec::new(),
            waiting: Banners::default(),
            banner: None,
        }
    }
}

fn cookie_name(app: &App) -> &'static str {
    if app.config.is_https() {
        HOST_COOKIE
    } else {
        COOKIE
    }
}

/// Sessions as pages write to them. Who is asking is found by [`identify`], for every page.
pub(super) fn layer(app: App) -> SessionManagerLayer<DbStore> {
    let (https, name) = (app.config.is_https(), cookie_name(&app));
    SessionManagerLayer::new(DbStore::new(app))
        .with_name(name)
        .with_secure(https)
        .with_http_only(true)
        // Lax: the way back from GitHub is a navigation from another site (security.md, T6).
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(time::Duration::days(90)))
}

/// Refuses other sites' forms, looks up who is asking, once for each request, and draws what was refused with what is
/// known of them.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Err(refused) = csrf::protect(&app, &request) {
        return refused.into_response();
    }
    let mut visitor = stranger(&app, &request);
    visitor.person = match cookie(request.headers(), cookie_name(&app)) {
        None => None,
        Some(value) => {
            match accounts::identify_session(&app, value, visitor.origin.clone()).await {
                Ok(person) => person,
                Err(refusal) => return PageError::from(refusal).into_response(),
            }
        }
    };
    if let Some(person) = visitor.person.clone() {
        visitor.recent = active::recent(request.headers(), person.user.as_str());
        match waiting::look(&app, &mut visitor, &person, request.method()).await {
            Ok(None) => {}
            Ok(Some(joined)) => return joined,
            Err(refusal) => return PageError::from(refusal).into_response(),
        }
    }
    let had_notice = cookie(request.headers(), NOTICE).map(str::to_owned);
    visitor.notice = had_notice.as_deref().and_then(Notice::from_cookie);
    request.extensions_mut().insert(visitor.clone());
    let mut response = error::draw_bare(&app, &visitor, next.run(request).await);
    if had_notice.is_some() && !response.status().is_redirection() {
        response.headers_mut().append(
            header::SET_COOKIE,
            HeaderValue::from_static("notice=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"),
        );
    }
    response
}

/// What is known of a request before anybody asked who it is from.
pub fn stranger(app: &App, request: &Request) -> Visitor {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|c| c.0.ip());
    let path = request
        .uri()
        .path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string);
    let scripted = request.headers().contains_key("hx-request");
    Visitor {
        person: None,
        origin: client_origin(app, request.headers(), peer),
        scripted,
        partial: request
            .headers()
            .get("hx-request-type")
            .is_some_and(|v| v == "partial"),
        notice: None,
        page: if scripted || *request.method() != Method::GET {
            form_page(request.headers())
        } else {
            path.clone()
        },
        path,
        now: app.now(),
        recent: Vec::new(),
        waiting: Banners::default(),
        banner: page::banner(&app.config),
    }
}

/// The page of ours that a form or htmx says it stands on; "/" where it doesn't.
fn form_page(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let named = text("hx-current-url")
        .or_else(|| text("referer"))
        .and_then(|url| Url::parse(url).ok());
    let host = text("host").unwrap_or_default();
    let ours = named.filter(|url| url.authority().trim_start_matches('@') == host);
    let path = ours
        .map(|url| own_path(&url[Position::BeforePath..Position::AfterQuery]))
        .unwrap_or_default();
    if path.is_empty() {
        "/".to_owned()
    } else {
        path
    }
}

/// Where a request came from. `X-Forwarded-For` counts only from a proxy named in the settings, read from the right
/// (SEC-A8).
pub fn client_origin(app: &App, headers: &HeaderMap, peer: Option<IpAddr>) -> Origin {
    let text = |name: HeaderName| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("")
    };
    let trusted = |ip: &IpAddr| {
        app.config
            .trusted_proxies
            .iter()
            .any(|net| net.contains(ip))
    };
    let mut ip = peer.map(|ip| ip.to_canonical());
    if ip.as_ref().is_some_and(trusted) {
        let forwarded = text(HeaderName::from_static("x-forwarded-for"));
        for hop in forwarded
            .rsplit(',')
            .map_while(|hop| hop.trim().parse::<IpAddr>().ok())
        {
            ip = Some(hop.to_canonical());
            if !trusted(&hop.to_canonical()) {
                break;
            }
        }
    }
    Origin {
        ip: ip.map(|ip| ip.to_string()).unwrap_or_default(),
        client: text(header::USER_AGENT)
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect(),
        request_id: text(HeaderName::from_static("x-request-id")).to_owned(),
    }
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Signs a person in: a new session id, whatever the browser sent before (SEC-S1).
pub async fn sign_in(
    session: &Session,
    user: &UserId,
    method: SignInMethod,
    origin: &Origin,
) -> Result<(), Refusal> {
    let data = SessionData {
        user: user.to_string(),
        method: method.as_str().into(),
        ip: origin.ip.clone(),
        client: origin.client.clone(),
    };
    session.clear().await;
    session
        .insert(SessionData::KEY, data)
        .await
        .map_err(failed)?;
    session.cycle_id().await.map_err(failed)
}

pub(super) fn failed(error: tower_sessions::session::Error) -> Refusal {
    Refusal::Internal(anyhow::Error::new(error))
}

/// Ends this browser's session, and has the browser forget what it kept (SEC-S2). The cookie is removed here, because
/// tower-sessions sends the removal without `Secure`, which a browser refuses for `__Host-` names (security.md, T4).
pub async fn sign_out(app: &App, session: &Session, to: &str) -> Result<Response, Refusal> {
    session.flush().await.map_err(failed)?;
    let mut response = Redirect::to(to).into_response();
    let gone = if app.config.is_https() {
        HeaderValue::from_static("__Host-sid=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
    } else {
        HeaderValue::from_static("sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    };
    response.headers_mut().append(header::SET_COOKIE, gone);
    response.headers_mut().insert(
        "clear-site-data",
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    Ok(response)
}

/// `303` to one of our own paths, with what to say there.
pub fn see_other(path: impl AsRef<str>, notice: Option<Notice>) -> Response {
    saying(Redirect::to(path.as_ref()).into_response(), notice)
}

/// A redirect with what to say where it leads.
pub fn saying(mut response: Response, notice: Option<Notice>) -> Response {
    if let Some(notice) = notice {
        let cookie = format!(
            "{NOTICE}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
            notice.to_cookie()
        );
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// Leads on to another of our own paths, also where htmx waits for a fragment.
pub fn lead(visitor: &Visitor, to: &str) -> Result<Response, Refusal> {
    if !visitor.scripted {
        return Ok(see_other(to, None));
    }
    let to = HeaderValue::from_str(to).map_err(|e| Refusal::Internal(e.into()))?;
    Ok((
        StatusCode::NO_CONTENT,
        [(HeaderName::from_static("hx-redirect"), to)],
    )
        .into_response())
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let Extension(visitor) = parts
            .extract::<Extension<Visitor>>()
            .await
            .map_err(|_| Refusal::Internal(anyhow::anyhow!("no visitor")))?;
        Ok(visitor)
    }
}

/// Somebody who is signed in. Anybody else is sent to sign in, and back here after.
pub struct SignedIn {
    pub person: Arc<Person>,
    pub visitor: Visitor,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let person = visitor.person.clone().ok_or(Refusal::Unauthenticated)?;
        Ok(Self { person, visitor })
    }
}

/// A member of the organization in the path, `{org}`. Anybody else gets the answer for one that doesn't exist; an old
/// slug leads to the new one.
pub struct Member {
    pub actor: Actor,
    pub visitor: Visitor,
}

impl FromRequestParts<App> for Member {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let SignedIn { person, visitor } = SignedIn::from_request_parts(parts, app).await?;
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, app)
            .await
            .map_err(|_| Refusal::NotFound)?;
        let slug = path.get("org").ok_or(Refusal::NotFound)?;
        match person.in_org_by_slug(slug) {
            Ok(actor) => {
                accounts::note_activity(app, &person, &actor.org.id);
                Ok(Self { actor, visitor })
            }
            Err(Refusal::NotFound) => Err(elsewhere(app, &person, slug, &visitor.path).await?),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// Where an organization of theirs lives now that had this slug before; or that they are suspended there.
async fn elsewhere(
    app: &App,
    person: &Arc<Person>,
    slug: &str,
    path: &str,
) -> Result<PageError, Refusal> {
    let org = crate::organizations::find_by_any_slug(app, slug).await?;
    let actor = match person.in_org(&org.id) {
        Err(Refusal::NotFound)
            if suspended_in(app, person)
                .await?
                .iter()
                .any(|(id, _)| *id == org.id) =>
        {
            return Ok(PageError::Suspended(org.name));
        }
        found => found?,
    };
    let rest = path
        .strip_prefix("/orgs/")
        .and_then(|p| p.strip_prefix(slug))
        .unwrap_or("/members");
    Ok(PageError::Moved(format!("/orgs/{}{rest}", actor.org.slug)))
}

/// The organizations, with their names, that they are a member of and can do nothing in.
pub(super) async fn suspended_in(
    app: &App,
    person: &Person,
) -> Result<Vec<(OrgId, String)>, Refusal> {
    let memberships = crate::members::memberships(app, person).await?;
    Ok(memberships
        .into_iter()
        .filter(|membership| membership.suspended)
        .map(|membership| (membership.org, membership.org_name))
        .collect())
}

/// The session's public id, for telling "this one" in a list.
pub fn current_session(person: &Person) -> Option<&SessionId> {
    match &person.credential {
        crate::actor::Credential::Session { id, .. } => Some(id),
        _ => None,
    }
}
