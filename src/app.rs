//! The program put together: what operations need, both routers, and the layers around them.

use crate::audit::Exports;
use crate::billing::Plans;
use crate::clock::{Clock, Micros};
use crate::config::Config;
use crate::db::Db;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::{api, outbox, web};
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tower::ServiceExt as _;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tracing::Instrument as _;

/// What every operation may use. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

pub struct Inner {
    pub config: Config,
    pub db: Db,
    pub mailer: Mailer,
    pub clock: Clock,
    pub http: reqwest::Client,
    pub exports: Exports,
    pub plans: Plans,
    pub metrics: Metrics,
    work: Notify,
}

impl Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Opens the database and prepares everything else. Refuses settings that can't work.
    pub async fn open(config: Config, clock: Clock) -> anyhow::Result<Self> {
        config.check()?;
        let plans = Plans::load(config.plans.as_deref())?;
        if config.database_url.is_none() {
            make_folder(&config.data_dir).map_err(|e| {
                anyhow::anyhow!(
                    "ROSTER_DATA_DIR: the folder {} could not be made: {e}",
                    config.data_dir.display()
                )
            })?;
        }
        let db = Db::open(&config.database()).await?;
        crate::audit::catch_up(&db).await?;
        let mailer = Mailer::new(&config)?;
        Ok(Self(Arc::new(Inner {
            db,
            mailer,
            clock,
            http: crate::http_client::new()?,
            exports: Exports::default(),
            plans,
            metrics: Metrics::default(),
            config,
            work: Notify::new(),
        })))
    }

    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> crate::error::Result<()> {
        self.db.ping().await
    }

    /// Tells the outbox's worker that something may be due.
    pub fn wake(&self) {
        self.work.notify_one();
    }

    pub(crate) async fn wait_for_work(&self) {
        self.work.notified().await;
    }
}

/// Makes a folder that only its owner may look into: it holds the database, or mails with links that sign in. One that is
/// there stays as it is.
pub(crate) fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Both doors and the layers around them, outermost first.
///
/// They are few, and stand in one list: for every request axum copies all that lies below a layer, once for each layer
/// above it, so a dozen small ones cost a page more than its own statement did.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(web::router(app.clone()))
        .merge(web::plain_routes())
        .nest("/api/v1", api::router(app.clone()))
        .layer((
            axum::middleware::from_fn_with_state(app.clone(), around),
            CompressionLayer::new().quality(CompressionLevel::Fastest),
            axum::middleware::from_fn_with_state(app.clone(), guard),
            DefaultBodyLimit::max(1024 * 1024),
        ))
        .with_state(app)
}

/// Gives a request its id, its lines in the log, and its answer the headers that every answer has.
async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // The id is ours: one that a client sends could forge a line of the log.
    let id = uuid::Builder::from_random_bytes(rand::random())
        .into_uuid()
        .to_string();
    let id = HeaderValue::from_str(&id).expect("a UUID is ASCII");
    request.headers_mut().insert(REQUEST_ID, id.clone());
    // The path without its query, and without the secret in it (SEC-I1).
    let path = web::without_secret(request.uri().path());
    let has_secret = path != request.uri().path();
    let door = if path.starts_with("/api/") {
        "api"
    } else {
        "page"
    };
    let span = tracing::info_span!("request", method = %request.method(), path, id = id.to_str().unwrap_or(""));
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.metrics.answered(door, status, took);
    let milliseconds = took.as_millis() as u64;
    match status {
        500.. => tracing::error!(parent: &span, status, milliseconds, "the request failed"),
        _ => tracing::debug!(parent: &span, status, milliseconds, "answered"),
    }
    set_headers(&app.config, response.headers_mut(), has_secret);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Refuses what no page and no call is to see, ends what takes too long, and lets a panic be an answer like another.
///
/// Errors that were answered with a status and nothing for people to read (a wrong method, a panic, a timeout, a refusal
/// outside the pages) get the words that the door they came through uses.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).cloned();
    let visitor =
        (!request.uri().path().starts_with("/api/")).then(|| web::stranger(&app, &request));
    let refused = refuse_unreadable(&request)
        .err()
        .or_else(|| refuse_unknown_host(&app.config, &request).err());
    let response = match refused {
        Some(status) => status.into_response(),
        None => {
            let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
            match tokio::time::timeout(LONGEST_REQUEST, answer).await {
                Ok(Ok(response)) => response,
                Ok(Err(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            }
        }
    };
    match visitor {
        Some(visitor) => web::draw_bare(&app, &visitor, response),
        None => api::draw_bare(response, id.as_ref()),
    }
}

/// No address of ours has a NUL in it, and no database takes one (SEC-W10).
fn refuse_unreadable(request: &Request) -> Result<(), StatusCode> {
    let address = request
        .uri()
        .path_and_query()
        .map_or("", |address| address.as_str());
    if address.contains("%00") {
        Err(StatusCode::BAD_REQUEST)
    } else {
        Ok(())
    }
}

/// Answers only for the host in `ROSTER_PUBLIC_URL`, for this machine's own names, and for bare addresses, which no other
/// site can lead a browser to under its own name (SEC-W4). HTTP/1.1 demands a host (SEC-W13).
fn refuse_unknown_host(config: &Config, request: &Request) -> Result<(), StatusCode> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let value = named.next();
    if named.next().is_some() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let authority = match (request.uri().authority(), value) {
        (Some(authority), _) => authority.clone(),
        (None, Some(value)) => {
            Authority::try_from(value.as_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?
        }
        (None, None) if request.version() == Version::HTTP_10 => return Ok(()),
        (None, None) => return Err(StatusCode::BAD_REQUEST),
    };
    let Some(url) = &config.public_url else {
        return Ok(());
    };
    let plain = |host: &'_ str| host.trim_matches(['[', ']']).to_ascii_lowercase();
    let host = plain(authority.host());
    let ours = url.host_str().is_some_and(|name| plain(name) == host);
    let anywhere = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    if ours || anywhere || host == "localhost" || host.parse::<IpAddr>().is_ok() {
        Ok(())
    } else {
        Err(StatusCode::MISDIRECTED_REQUEST)
    }
}

/// What a page may load and send. One that says otherwise itself is taken at its word.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// Headers of every answer, errors and redirects too (SEC-W7).
fn set_headers(config: &Config, headers: &mut HeaderMap, has_secret: bool) {
    headers.reserve(12);
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // A browser that is told to send no referrer sends no `Origin` either, which only `Sec-Fetch-Site` makes up for; and
    // that comes over https or on loopback alone. Elsewhere a form of ours would be taken for a stranger's.
    set(
        header::REFERRER_POLICY,
        if has_secret && config.is_trustworthy() {
            "no-referrer"
        } else {
            "same-origin"
        },
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    // What may be kept says so itself.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.append(
            header::VARY,
            HeaderValue::from_static("cookie, hx-request-type"),
        );
    }
    if config.is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
}

/// How long a request's head may take, and how long a connection may wait between two.
const LONGEST_HEAD: Duration = Duration::from_secs(10);
/// How long a request may take, the reading of its body included.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// Connections that may be open at once.
const CONNECTIONS: usize = 1024;
/// How long requests under way may take to end after a stop.
const LAST_REQUESTS: Duration = Duration::from_secs(20);

/// Serves until `stop` comes, then lets what is under way end, and the outbox's worker put down its work.
///
/// The loop is our own, because `axum::serve` neither limits how long a request's head may take nor how many
/// connections are open (security.md, T7, T8).
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let (stop_worker, stopped) = watch::channel(false);
    let worker = tokio::spawn(outbox::run(app.clone(), stopped.clone()));
    let heads = tokio::spawn(crate::audit::write_heads_from_time_to_time(
        app.clone(),
        stopped.clone(),
    ));
    let cleaner = tokio::spawn(clean_up(app.clone()));
    let service = router(app.clone());
    // HTTP/1 alone: hyper-util's builder for both versions first waits for bytes that tell them apart, and for those
    // without a limit. Browsers speak HTTP/2 only by TLS, to the proxy in front.
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_HEAD)
        .max_buf_size(64 * 1024);
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::pin!(stop);
    loop {
        let slot = tokio::select! {
            slot = slots.clone().acquire_owned() => slot?,
            () = &mut stop => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // Too many open files, or a client that left at once: neither ends the program.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        stream.set_nodelay(true).ok();
        let service = service.clone();
        let answer =
            hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let mut request = request.map(axum::body::Body::new);
                request
                    .extensions_mut()
                    .insert(ConnectInfo::<SocketAddr>(peer));
                service.clone().oneshot(request)
            });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            connection.await.ok();
            drop(slot);
        });
    }
    drop(listener);
    tokio::time::timeout(LAST_REQUESTS, graceful.shutdown())
        .await
        .ok();
    cleaner.abort();
    stop_worker.send(true).ok();
    tokio::time::timeout(Duration::from_secs(2), worker)
        .await
        .ok();
    tokio::time::timeout(Duration::from_secs(5), heads)
        .await
        .ok();
    // Not longer: what holds a connection now has had its time.
    tokio::time::timeout(Duration::from_secs(2), app.db.close())
        .await
        .ok();
    Ok(())
}

/// Once an hour, deletes what has ended and counts for nothing any more, tells of plans that ended by themselves, and makes the
/// part of the nightly round at Stripe that is due.
async fn clean_up(app: App) {
    let mut hours = tokio::time::interval(Duration::from_secs(3600));
    loop {
        hours.tick().await;
        if let Err(refusal) = crate::accounts::clean_up(&app).await {
            tracing::warn!(error = %refusal, "ended sessions could not be deleted");
        }
        if let Err(refusal) = outbox::forget_old(&app).await {
            tracing::warn!(error = %refusal, "mails of long ago could not be deleted");
        }
        if let Err(refusal) = crate::runs::delete_old(&app).await {
            tracing::warn!(error = %refusal, "old runs could not be deleted");
        }
        if let Err(refusal) = crate::billing::stripe::tell_due(&app).await {
            tracing::warn!(error = %refusal, "who sees to billing could not be told of plans that ended");
        }
        if let Err(refusal) = crate::billing::stripe::reconcile_due(&app).await {
            tracing::warn!(error = %refusal, "the nightly round at Stripe could not be made");
        }
    }
}

/// Ends when the process is asked to: Ctrl-C, or SIGTERM.
pub async fn terminated() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
        }
        Err(_) => {
            interrupt.await.ok();
        }
    }
}
