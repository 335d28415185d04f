//! Every setting: a flag, an environment variable, and a default.

use crate::secret::Hidden;
use clap::{ArgAction, Args, ValueEnum};
use std::path::PathBuf;
use url::Url;

/// How Roster runs. `roster --help` prints this.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "ROSTER_LISTEN",
        default_value = "127.0.0.1:3000",
        global = true,
        help_heading = "Serving"
    )]
    pub listen: String,

    /// Address that people open in their browser; links in mails begin with it [default: http://LISTEN]
    #[arg(long, value_name = "URL", env = "ROSTER_PUBLIC_URL", value_parser = web_address, global = true, help_heading = "Serving")]
    pub public_url: Option<Url>,

    /// Folder for the database file and for mails that have no server to go to
    #[arg(
        long,
        value_name = "FOLDER",
        env = "ROSTER_DATA_DIR",
        default_value = "./data",
        global = true,
        help_heading = "Data"
    )]
    pub data_dir: PathBuf,

    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE [default: roster.db in the data folder]
    #[arg(
        long,
        value_name = "URL",
        env = "ROSTER_DATABASE_URL",
        hide_env_values = true,
        global = true,
        help_heading = "Data"
    )]
    pub database_url: Option<String>,

    /// smtps://USER:PASSWORD@HOST (TLS), smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtp://127.0.0.1:1025 (plain, loopback only).
    /// Without it, mails are written as .eml files into the data folder
    #[arg(
        long,
        value_name = "URL",
        env = "ROSTER_SMTP_URL",
        hide_env_values = true,
        global = true,
        help_heading = "Mail"
    )]
    pub smtp_url: Option<String>,

    /// PEM file of a certificate authority to trust for the mail server, beside the public ones
    #[arg(
        long,
        value_name = "FILE",
        env = "ROSTER_SMTP_CA",
        global = true,
        help_heading = "Mail"
    )]
    pub smtp_ca: Option<PathBuf>,

    /// Sender of every mail
    #[arg(
        long,
        value_name = "SENDER",
        env = "ROSTER_MAIL_FROM",
        default_value = "Roster <roster@localhost>",
        global = true,
        help_heading = "Mail"
    )]
    pub mail_from: String,

    /// Client id of the GitHub OAuth app that people sign in with
    #[arg(
        long,
        value_name = "ID",
        env = "ROSTER_GITHUB_CLIENT_ID",
        global = true,
        help_heading = "Sign-in with GitHub"
    )]
    pub github_client_id: Option<String>,

    /// Client secret of that app
    #[arg(
        long,
        value_name = "SECRET",
        env = "ROSTER_GITHUB_CLIENT_SECRET",
        hide_env_values = true,
        global = true,
        help_heading = "Sign-in with GitHub"
    )]
    pub github_client_secret: Option<String>,

    /// GitHub, or your GitHub Enterprise server
    #[arg(long, value_name = "URL", env = "ROSTER_GITHUB_URL", value_parser = web_address, default_value = "https://github.com", global = true, help_heading = "Sign-in with GitHub")]
    pub github_url: Url,

    /// Its API
    #[arg(long, value_name = "URL", env = "ROSTER_GITHUB_API_URL", value_parser = web_address, default_value = "https://api.github.com", global = true, help_heading = "Sign-in with GitHub")]
    pub github_api_url: Url,

    /// How many organizations one account may be in
    #[arg(
        long,
        value_name = "HOW_MANY",
        env = "ROSTER_MEMBERSHIP",
        value_enum,
        default_value = "many",
        global = true,
        help_heading = "Accounts"
    )]
    pub membership: Membership,

    /// By what people are invited to an organization [default: email, or both where people sign in with GitHub]
    #[arg(
        long,
        value_name = "HOW",
        env = "ROSTER_INVITE_BY",
        value_enum,
        global = true,
        help_heading = "Accounts"
    )]
    pub invite_by: Option<InviteBy>,

    /// What an invitation by GitHub username needs from whoever it is to
    #[arg(
        long,
        value_name = "WHAT",
        env = "ROSTER_GITHUB_INVITATIONS",
        value_enum,
        default_value = "accept",
        global = true,
        help_heading = "Accounts"
    )]
    pub github_invitations: GitHubInvitations,

    /// What a person gets who signs in for the first time
    #[arg(
        long,
        value_name = "WHAT",
        env = "ROSTER_FIRST_SIGN_IN",
        value_enum,
        default_value = "nothing",
        global = true,
        help_heading = "Accounts"
    )]
    pub first_sign_in: FirstSignIn,

    /// Reverse proxies whose X-Forwarded-For is believed: addresses or networks, with commas between
    #[arg(long, value_name = "NETWORKS", env = "ROSTER_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network, global = true, help_heading = "Serving")]
    pub trusted_proxies: Vec<ipnet::IpNet>,

    /// Calls that one API token may make in a minute; a fifth of them may be changes. Access checks count as calls
    #[arg(
        long,
        value_name = "CALLS",
        env = "ROSTER_API_CALLS",
        default_value = "6000",
        value_parser = clap::value_parser!(u32).range(5..),
        global = true,
        help_heading = "Serving"
    )]
    pub api_calls: u32,

    /// TOML file with the plans that organizations can have, their limits and entitlements [default: free, team, enterprise]
    #[arg(
        long,
        value_name = "FILE",
        env = "ROSTER_PLANS",
        global = true,
        help_heading = "Billing"
    )]
    pub plans: Option<PathBuf>,

    /// Secret key of the Stripe account that plans are paid to
    #[arg(
        long,
        value_name = "KEY",
        env = "ROSTER_STRIPE_API_KEY",
        hide_env_values = true,
        global = true,
        help_heading = "Billing"
    )]
    pub stripe_api_key: Option<Hidden>,

    /// Signing secret of the webhook endpoint that Stripe sends its events to: PUBLIC_URL/stripe/webhook
    #[arg(
        long,
        value_name = "SECRET",
        env = "ROSTER_STRIPE_WEBHOOK_SECRET",
        hide_env_values = true,
        global = true,
        help_heading = "Billing"
    )]
    pub stripe_webhook_secret: Option<Hidden>,

    /// Stripe's API
    #[arg(long, value_name = "URL", env = "ROSTER_STRIPE_API_URL", value_parser = web_address, default_value = "https://api.stripe.com", global = true, help_heading = "Billing")]
    pub stripe_api_url: Url,

    /// File to which the newest hash of every chain of audit events is written from time to time, or an https address it is
    /// sent to: beside it shows, later, that a chain's end was cut off
    #[arg(long, value_name = "FILE|URL", env = "ROSTER_AUDIT_HEADS", hide_env_values = true, value_parser = heads_to, global = true, help_heading = "Audit log")]
    pub audit_heads: Option<HeadsTo>,

    /// Token with which /metrics may be read, as a bearer; without one it isn't there
    #[arg(
        long,
        value_name = "TOKEN",
        env = "ROSTER_METRICS_TOKEN",
        hide_env_values = true,
        global = true,
        help_heading = "Log and development"
    )]
    pub metrics_token: Option<Hidden>,

    /// What to log: error, warn, info, debug, or a filter like roster=debug
    #[arg(
        long,
        value_name = "FILTER",
        env = "ROSTER_LOG",
        default_value = "info",
        global = true,
        help_heading = "Log and development"
    )]
    pub log: String,

    /// Lines of JSON instead of text in the log
    #[arg(long, env = "ROSTER_LOG_JSON", value_parser = yes_or_no, action = ArgAction::SetTrue, global = true, help_heading = "Log and development")]
    pub log_json: bool,

    /// Shows mails on /dev/mailbox. For development: whoever reads them can sign in as anybody
    #[arg(long, env = "ROSTER_DEVELOPMENT", value_parser = yes_or_no, action = ArgAction::SetTrue, global = true, help_heading = "Log and development")]
    pub development: bool,

    /// This is `roster demo`: the pages say so.
    #[arg(skip)]
    pub demo: bool,
}

/// Where heads of the audit log go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadsTo {
    File(PathBuf),
    Url(Url),
}

/// A file, or an address by https; by http on this machine alone. The message completes "SETTING …".
fn heads_to(text: &str) -> Result<HeadsTo, String> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(HeadsTo::Url(url)),
        Ok(url)
            if url.scheme() == "http"
                && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) =>
        {
            Ok(HeadsTo::Url(url))
        }
        Ok(url) if url.scheme().len() > 1 => {
            Err("must be a file, or an address that begins with https://".into())
        }
        _ if text.is_empty() => {
            Err("must be a file, or an address that begins with https://".into())
        }
        _ => Ok(HeadsTo::File(PathBuf::from(text))),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Membership {
    /// Any number
    Many,
    /// One; whoever joins another must leave theirs first
    One,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InviteBy {
    /// E-mail address or GitHub username
    Both,
    /// E-mail address
    Email,
    /// GitHub username
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GitHubInvitations {
    /// One click, on their next page
    Accept,
    /// Nothing: they join by opening their next page, and can leave by one click
    Join,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FirstSignIn {
    /// Nothing: an empty page that says what to do
    Nothing,
    /// A workspace of their own, without an organization
    Workspace,
    /// A personal organization that they own
    Organization,
}

/// A switch as people write it in an environment. The message completes "SETTING …".
fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

/// A web address with a host. The message completes "SETTING …".
fn web_address(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("must be a web address like https://roster.example.com".into()),
    }
}

/// A network, or one address. The message completes "SETTING …".
fn network(text: &str) -> Result<ipnet::IpNet, String> {
    let text = text.trim();
    let address = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
    text.parse::<ipnet::IpNet>()
        .or_else(|_| address())
        .map_err(|_| "must be addresses or networks like 10.0.0.0/8,127.0.0.1".into())
}

impl Config {
    /// Where people reach Roster, without a slash at the end.
    pub fn base_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen_for_people()),
        }
    }

    /// The address listened on, as a browser on this machine can open it.
    fn listen_for_people(&self) -> String {
        match self.listen.parse::<std::net::SocketAddr>() {
            Ok(address) if address.ip().is_unspecified() => format!("localhost:{}", address.port()),
            _ => self.listen.clone(),
        }
    }

    /// Whether people reach Roster by https, so that cookies can demand it.
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }

    /// Whether browsers trust the way to Roster: https, or this very machine.
    pub fn is_trustworthy(&self) -> bool {
        let base = self.base_url();
        let host = Url::parse(&base)
            .ok()
            .and_then(|url| {
                url.host_str()
                    .map(|h| h.trim_matches(['[', ']']).to_owned())
            })
            .unwrap_or_default();
        self.is_https()
            || host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }

    /// The database's URL.
    pub fn database(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("roster.db").display()))
    }

    pub fn github(&self) -> Option<(&str, &str)> {
        Some((
            self.github_client_id.as_deref()?,
            self.github_client_secret.as_deref()?,
        ))
    }

    fn invite_by(&self) -> InviteBy {
        self.invite_by.unwrap_or(if self.github().is_some() {
            InviteBy::Both
        } else {
            InviteBy::Email
        })
    }

    pub fn invites_by_email(&self) -> bool {
        self.invite_by() != InviteBy::Github
    }

    pub fn invites_by_github(&self) -> bool {
        self.invite_by() != InviteBy::Email
    }

    /// The file of a SQLite database; `None` for PostgreSQL.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.database().strip_prefix("sqlite://").map(PathBuf::from)
    }

    /// Refuses settings that can't work, each with one sentence.
    pub fn check(&self) -> anyhow::Result<()> {
        self.listen.parse::<std::net::SocketAddr>().map_err(|_| {
            anyhow::anyhow!("ROSTER_LISTEN (--listen) must be an address and a port like 127.0.0.1:3000; it is “{}”", self.listen)
        })?;
        if let Some(url) = &self.public_url {
            anyhow::ensure!(
                matches!(url.scheme(), "http" | "https")
                    && url.path() == "/"
                    && url.query().is_none()
                    && url.fragment().is_none(),
                "ROSTER_PUBLIC_URL (--public-url) must be like https://roster.example.com, without a path; it is “{url}”"
            );
        }
        let database = self.database();
        anyhow::ensure!(
            ["sqlite://", "postgres://", "postgresql://"]
                .iter()
                .any(|scheme| database.starts_with(scheme)),
            "ROSTER_DATABASE_URL (--database-url) must begin with sqlite:// or postgres://"
        );
        anyhow::ensure!(
            self.github_client_id.is_some() == self.github_client_secret.is_some(),
            "ROSTER_GITHUB_CLIENT_ID and ROSTER_GITHUB_CLIENT_SECRET belong together; one of them is missing"
        );
        anyhow::ensure!(
            self.github().is_some() || !self.invites_by_github(),
            "ROSTER_INVITE_BY (--invite-by) lets people be invited by GitHub username, which needs ROSTER_GITHUB_CLIENT_ID and \
             ROSTER_GITHUB_CLIENT_SECRET"
        );
        anyhow::ensure!(
            self.invites_by_github() || self.github_invitations == GitHubInvitations::Accept,
            "ROSTER_GITHUB_INVITATIONS (--github-invitations) is join, but ROSTER_INVITE_BY lets nobody be invited by GitHub username"
        );
        self.check_stripe()?;
        self.mail_from.parse::<lettre::message::Mailbox>().map_err(|_| {
            anyhow::anyhow!("ROSTER_MAIL_FROM (--mail-from) must be like Roster <roster@example.com>; it is “{}”", self.mail_from)
        })?;
        crate::mail::check_url(self)
    }

    /// Both secrets or none, each of its kind, and only by a way that nobody reads along.
    fn check_stripe(&self) -> anyhow::Result<()> {
        let (key, secret) = (
            self.stripe_api_key.as_ref().map(Hidden::reveal),
            self.stripe_webhook_secret.as_ref().map(Hidden::reveal),
        );
        anyhow::ensure!(
            key.is_some() == secret.is_some(),
            "ROSTER_STRIPE_API_KEY and ROSTER_STRIPE_WEBHOOK_SECRET belong together; one of them is missing"
        );
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        anyhow::ensure!(
            key.is_none_or(
                |key| ["sk_", "rk_"].iter().any(|start| key.starts_with(start)) && plain(key)
            ),
            "ROSTER_STRIPE_API_KEY (--stripe-api-key) must be a secret or restricted key, which begins with sk_ or rk_"
        );
        anyhow::ensure!(
            secret.is_none_or(|secret| secret.starts_with("whsec_") && plain(secret)),
            "ROSTER_STRIPE_WEBHOOK_SECRET (--stripe-webhook-secret) must be an endpoint's signing secret, which begins with whsec_"
        );
        let url = &self.stripe_api_url;
        anyhow::ensure!(
            url.scheme() == "https"
                || matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
            "ROSTER_STRIPE_API_URL (--stripe-api-url) must begin with https://, except on this machine; it is “{url}”"
        );
        Ok(())
    }
}
