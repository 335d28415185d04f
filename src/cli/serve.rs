//! `roster serve`: starts, says where to go, and serves until it is stopped.

use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::Config;
use anyhow::Context;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::{TcpListener, TcpSocket};

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let (listener, app, _in_use) = start_with(config, Clock::default(), || Ok(())).await?;
    println!("{}", greeting(&app));
    app::serve(listener, app, app::terminated()).await
}

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;

/// Everything a start needs, in the order in which it can fail with the least done: settings, port, folder, database.
/// The port is taken first and answers last, so that who can connect is served.
/// `prepare` runs once it is sure that nobody else uses the database.
pub(super) async fn start_with(
    mut config: Config,
    clock: Clock,
    prepare: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<(TcpListener, App, Option<std::fs::File>)> {
    config.check()?;
    let address = config.listen.clone();
    let socket = take_port(&address).map_err(|error| cant_listen(&address, &error))?;
    // Port 0 asks for any free port; links need the one that was given.
    config.listen = socket.local_addr()?.to_string();
    writable_folder(&config.data_dir)?;
    let in_use = mark_in_use(&config)?;
    prepare()?;
    let app = App::open(config, clock).await?;
    let listener = socket
        .listen(BACKLOG)
        .map_err(|error| cant_listen(&address, &error))?;
    Ok((listener, app, in_use))
}

fn take_port(address: &str) -> std::io::Result<TcpSocket> {
    let address: SocketAddr = address.parse().map_err(std::io::Error::other)?;
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart may take the port while old connections are still closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn cant_listen(address: &str, error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::AddrInUse => {
            let next = address
                .parse::<SocketAddr>()
                .map_or(3001, |a| a.port().wrapping_add(1));
            let host = address
                .rsplit_once(':')
                .map_or("127.0.0.1", |(host, _)| host);
            anyhow::anyhow!(
                "another program listens on {address} already. Stop it, or choose another port: --listen {host}:{next}"
            )
        }
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!(
                "ROSTER_LISTEN (--listen): the system doesn't let this user listen on {address}. Choose a port above 1023"
            )
        }
        _ => anyhow::anyhow!("ROSTER_LISTEN (--listen): {address} can't be listened on: {error}"),
    }
}

/// Refuses a data folder that can't be written to, before anything else finds out in its own words.
fn writable_folder(folder: &Path) -> anyhow::Result<()> {
    let wrong = |error: std::io::Error| {
        anyhow::anyhow!(
            "ROSTER_DATA_DIR (--data-dir): the folder {} can't be written to: {error}",
            folder.display()
        )
    };
    crate::app::make_folder(folder).map_err(wrong)?;
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    std::fs::File::create(&probe).map_err(wrong)?;
    std::fs::remove_file(&probe).map_err(wrong)
}

/// The file beside a SQLite database whose lock says that a server is using it; a restore asks for it.
pub(super) fn in_use_file(database: &Path) -> std::path::PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".in-use");
    name.into()
}

/// Holds that lock for as long as the file stays open.
fn mark_in_use(config: &Config) -> anyhow::Result<Option<std::fs::File>> {
    let Some(database) = config.database_file() else {
        return Ok(None);
    };
    let path = in_use_file(&database);
    let file = std::fs::File::create(&path).with_context(|| {
        format!(
            "ROSTER_DATABASE_URL (--database-url): {} can't be written",
            path.display()
        )
    })?;
    if config.demo {
        // A demo throws its database away when it starts: not under another one.
        anyhow::ensure!(
            file.try_lock().is_ok(),
            "another demo runs on {}. Stop it, or name another --data-dir",
            config.data_dir.display()
        );
    } else if file.try_lock_shared().is_err() {
        anyhow::bail!(
            "the database {} is being restored from a backup. Start again when that is done",
            database.display()
        );
    }
    Ok(Some(file))
}

/// What stands in the terminal after the start: where to go, where the data is, and how to get in.
fn greeting(app: &App) -> String {
    let config = &app.config;
    let mut lines = vec![
        format!("Roster is on {}", config.base_url()),
        String::new(),
        format!("  Data     {}", database_for_people(config)),
    ];
    match app.mailer.folder() {
        Some(folder) => lines.push(format!(
            "  Mail     no mail server is set, so mails are written to {}",
            folder.display()
        )),
        None => lines.push("  Mail     goes to the mail server of ROSTER_SMTP_URL".into()),
    }
    if app.mailer.folder().is_some() {
        lines.push(format!(
            "  Sign in  {} sign-in-link you@example.com{}",
            program(),
            flags_again()
        ));
        lines.push("           prints a link that signs you in; put your own address there".into());
    } else {
        lines.push(format!("  Sign in  {}/sign-in", config.base_url()));
    }
    let everywhere = config
        .listen
        .parse::<SocketAddr>()
        .is_ok_and(|a| a.ip().is_unspecified());
    if config.public_url.is_none() && everywhere {
        lines.push("  Address  ROSTER_PUBLIC_URL is not set: from other machines pages open, but forms are refused,".into());
        lines.push(format!(
            "           and links in mails lead to {}",
            config.base_url()
        ));
    }
    if config.development {
        lines.push(format!("  Mailbox  {}/dev/mailbox shows every mail, and so lets anybody in; for development only", config.base_url()));
    }
    lines.push(String::new());
    lines.push("Ctrl-C stops it.".into());
    lines.join("\n")
}

/// The database without the password of its URL.
pub(super) fn database_for_people(config: &Config) -> String {
    if let Some(file) = config.database_file() {
        return file.display().to_string();
    }
    match url::Url::parse(&config.database()) {
        Ok(mut url) => {
            url.set_password(None).ok();
            url.set_query(None);
            url.to_string()
        }
        Err(_) => "PostgreSQL".into(),
    }
}

/// How this program was called, so that the next command can be copied.
pub(super) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "roster".into())
}

/// The flags of this start that another command needs too, to find the same database and to make the same links.
pub(super) fn flags_again() -> String {
    const SHARED: [&str; 4] = ["--data-dir", "--database-url", "--public-url", "--listen"];
    let mut again = String::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let (flag, value) = match argument.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        if SHARED.contains(&flag.as_str()) {
            let value = value.or_else(|| arguments.next()).unwrap_or_default();
            again.push_str(&format!(" {flag} {}", quoted(&value)));
        }
    }
    again
}

fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@=%+,".contains(c));
    if plain {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}
