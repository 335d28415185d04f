//! A running Roster with a database of its own, on a port of its own, and a clock that tests may move.

use super::browser::Browser;
use super::database::Database;
use super::mailbox::Mailbox;
use clap::Parser;
use roster::access::OrgRole;
use roster::actor::Actor;
use roster::app::App;
use roster::clock::Clock;
use roster::config::Config;
use roster::members::{self, Mover};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// How a test wants Roster set up: `Settings::new().set("--membership", "one")`.
#[derive(Default)]
pub struct Settings {
    flags: Vec<String>,
    wire: Wire,
}

/// How mail goes to the mailbox.
#[derive(Default, Clone, Copy, PartialEq)]
pub enum Wire {
    #[default]
    Plain,
    StartTls,
    Tls,
    None,
}

impl Settings {
    pub fn new() -> Self {
        Self::default()
    }

    /// Mail has no server to go to.
    pub fn no_mail_server(mut self) -> Self {
        self.wire = Wire::None;
        self
    }

    /// Mail goes over this, and the mailbox's own certificate authority is trusted.
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    pub fn set(mut self, flag: &str, value: impl Into<String>) -> Self {
        self.flags.extend([flag.to_owned(), value.into()]);
        self
    }
}

pub struct House {
    pub app: App,
    pub url: String,
    pub clock: Clock,
    pub mailbox: Mailbox,
    pub database_url: String,
    folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The URL of a new, empty database of the kind these tests run on.
pub async fn new_database(folder: &std::path::Path) -> String {
    match std::env::var("ROSTER_TEST_DATABASE_URL") {
        Err(_) => format!("sqlite://{}", folder.join("roster.db").display()),
        Ok(server) => {
            use sqlx::{Connection, Executor};
            let name = format!(
                "roster_{}_{}",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            );
            let mut connection = sqlx::PgConnection::connect(&server)
                .await
                .expect("the test database server answers");
            connection
                .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
                .await
                .expect("a database is made");
            let mut url = url::Url::parse(&server).expect("ROSTER_TEST_DATABASE_URL is a URL");
            url.set_path(&name);
            url.to_string()
        }
    }
}

impl House {
    pub async fn start() -> Self {
        Self::start_with(Settings::new()).await
    }

    pub async fn start_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let database_url = new_database(folder.path()).await;
        let mailbox = Mailbox::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut flags = vec!["roster".to_owned()];
        let authority = folder.path().join("mailbox.pem");
        std::fs::write(&authority, mailbox.certificate()).expect("the certificate is written");
        let smtp_url = match settings.wire {
            Wire::Plain | Wire::None => mailbox.url(),
            Wire::StartTls => format!("{}?tls=required", mailbox.url()),
            Wire::Tls => mailbox.tls_url(),
        };
        if matches!(settings.wire, Wire::StartTls | Wire::Tls) {
            flags.extend(["--smtp-ca".to_owned(), authority.display().to_string()]);
        }
        for (flag, value) in [
            ("--public-url", url.clone()),
            ("--data-dir", folder.path().display().to_string()),
            ("--database-url", database_url.clone()),
            ("--smtp-url", smtp_url),
        ] {
            let left_out = flag == "--smtp-url" && settings.wire == Wire::None;
            if !left_out && !settings.flags.iter().any(|f| f == flag) {
                flags.extend([flag.to_owned(), value]);
            }
        }
        flags.extend(settings.flags);
        let clock = Clock::default();
        let app = App::open(Flags::parse_from(flags).config, clock.clone())
            .await
            .expect("Roster starts");
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = app.clone();
        tokio::spawn(async move {
            roster::app::serve(listener, serving, async {
                stopped.await.ok();
            })
            .await
            .expect("Roster serves");
        });
        Self {
            app,
            url,
            clock,
            mailbox,
            database_url,
            folder,
            stop: Some(stop),
        }
    }

    /// The folder that this Roster keeps its data in.
    pub fn data_dir(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A number read from the database behind Roster's back.
    pub async fn count(&self, sql: &str) -> i64 {
        Database::open(&self.database_url).await.number(sql).await
    }

    /// Waits until a number read from the database is this one; for work that goes on beside the requests.
    pub async fn wait_until(&self, sql: &str, number: i64) {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let found = self.count(sql).await;
            if found == number {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{sql} gives {found}, not {number}"
            );
            tokio::task::yield_now().await;
        }
    }

    /// Changes the database behind Roster's back, as somebody with access to it could.
    pub async fn execute(&self, sql: &str) {
        Database::open(&self.database_url).await.run(sql).await;
    }

    /// A browser that nobody is signed in with.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A browser signed in as the person with this address, by the operator's link. A new person gets an account.
    pub async fn sign_in(&self, email: &str) -> Browser {
        let link = roster::accounts::operator_link(&self.app, email)
            .await
            .expect("a link is made");
        let mut browser = self.browser();
        let path = link
            .strip_prefix(&self.url)
            .expect("the link leads here")
            .to_owned();
        let page = browser.post(&path, &[]).await;
        assert_eq!(page.status, 303, "signing in: {}", page.text());
        browser
    }

    /// The organization, as the operator acts on it.
    pub async fn system(&self, slug: &str) -> Actor {
        Actor::system(
            roster::organizations::find_by_any_slug(&self.app, slug)
                .await
                .expect("the organization exists"),
        )
    }

    /// Sets an organization's plan, as the operator does.
    pub async fn set_plan(&self, slug: &str, plan: &str) {
        roster::billing::set_plan(&self.app, &self.system(slug).await, plan)
            .await
            .expect("the plan is set");
    }

    /// Makes somebody a member at once, as an import does.
    pub async fn add_member(&self, slug: &str, email: &str, name: &str, role: OrgRole) {
        let mover = Mover {
            email: email.to_owned(),
            name: name.to_owned(),
            role,
        };
        assert!(
            members::move_in(&self.app, &self.system(slug).await, &mover)
                .await
                .expect("they are added"),
            "{email} is new"
        );
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }
}
