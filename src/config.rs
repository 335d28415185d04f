//! Every setting: a flag, an environment variable, and a default.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use url::Url;

/// How Roster runs. `roster --help` prints this.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on
    #[arg(long, env = "ROSTER_LISTEN", default_value = "127.0.0.1:3000", global = true)]
    pub listen: String,

    /// Address that people open in their browser; links in mails begin with it [default: http://LISTEN]
    #[arg(long, env = "ROSTER_PUBLIC_URL", global = true)]
    pub public_url: Option<Url>,

    /// Folder for the database file and for mails that have no server to go to
    #[arg(long, env = "ROSTER_DATA_DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE [default: roster.db in the data folder]
    #[arg(long, env = "ROSTER_DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,

    /// smtps://USER:PASSWORD@HOST (TLS), smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtp://127.0.0.1:1025 (plain, loopback only).
    /// Without it, mails are written as .eml files into the data folder
    #[arg(long, env = "ROSTER_SMTP_URL", hide_env_values = true, global = true)]
    pub smtp_url: Option<String>,

    /// PEM file of a certificate authority to trust for the mail server, beside the public ones
    #[arg(long, env = "ROSTER_SMTP_CA", global = true)]
    pub smtp_ca: Option<PathBuf>,

    /// Sender of every mail
    #[arg(long, env = "ROSTER_MAIL_FROM", default_value = "Roster <roster@localhost>", global = true)]
    pub mail_from: String,

    /// Client id of the GitHub OAuth app that people sign in with
    #[arg(long, env = "ROSTER_GITHUB_CLIENT_ID", global = true)]
    pub github_client_id: Option<String>,

    /// Client secret of that app
    #[arg(long, env = "ROSTER_GITHUB_CLIENT_SECRET", hide_env_values = true, global = true)]
    pub github_client_secret: Option<String>,

    /// GitHub, or your GitHub Enterprise server
    #[arg(long, env = "ROSTER_GITHUB_URL", default_value = "https://github.com", global = true)]
    pub github_url: Url,

    /// Its API
    #[arg(long, env = "ROSTER_GITHUB_API_URL", default_value = "https://api.github.com", global = true)]
    pub github_api_url: Url,

    /// How many organizations one account may be in
    #[arg(long, env = "ROSTER_MEMBERSHIP", value_enum, default_value = "many", global = true)]
    pub membership: Membership,

    /// What a person gets who signs in for the first time
    #[arg(long, env = "ROSTER_FIRST_SIGN_IN", value_enum, default_value = "nothing", global = true)]
    pub first_sign_in: FirstSignIn,

    /// Reverse proxies whose X-Forwarded-For is believed: addresses or networks, with commas between
    #[arg(long, env = "ROSTER_TRUSTED_PROXIES", value_delimiter = ',', global = true)]
    pub trusted_proxies: Vec<ipnet::IpNet>,

    /// What to log: error, warn, info, debug, or a filter like roster=debug
    #[arg(long, env = "ROSTER_LOG", default_value = "info", global = true)]
    pub log: String,

    /// Lines of JSON instead of text in the log
    #[arg(long, env = "ROSTER_LOG_JSON", global = true)]
    pub log_json: bool,

    /// Shows mails on /dev/mailbox. For development: whoever reads them can sign in as anybody
    #[arg(long, env = "ROSTER_DEVELOPMENT", global = true)]
    pub development: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Membership {
    /// Any number
    Many,
    /// One; whoever joins another must leave theirs first
    One,
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

impl Config {
    /// Where people reach Roster, without a slash at the end.
    pub fn base_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether people reach Roster by https, so that cookies can demand it.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// The database's URL.
    pub fn database(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("roster.db").display()))
    }

    pub fn github(&self) -> Option<(&str, &str)> {
        Some((self.github_client_id.as_deref()?, self.github_client_secret.as_deref()?))
    }

    /// Refuses settings that can't work, each with one sentence.
    pub fn check(&self) -> anyhow::Result<()> {
        self.listen
            .parse::<std::net::SocketAddr>()
            .map_err(|_| anyhow::anyhow!("ROSTER_LISTEN must be an address and a port like 127.0.0.1:3000; it is “{}”", self.listen))?;
        if let Some(url) = &self.public_url {
            anyhow::ensure!(
                matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none() && url.fragment().is_none(),
                "ROSTER_PUBLIC_URL must be like https://roster.example.com, without a path; it is “{url}”"
            );
        }
        let database = self.database();
        anyhow::ensure!(
            ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme)),
            "ROSTER_DATABASE_URL must begin with sqlite:// or postgres://"
        );
        anyhow::ensure!(
            self.github_client_id.is_some() == self.github_client_secret.is_some(),
            "ROSTER_GITHUB_CLIENT_ID and ROSTER_GITHUB_CLIENT_SECRET belong together; one of them is missing"
        );
        self.mail_from
            .parse::<lettre::message::Mailbox>()
            .map_err(|_| anyhow::anyhow!("ROSTER_MAIL_FROM must be like Roster <roster@example.com>; it is “{}”", self.mail_from))?;
        crate::mail::check_url(self)
    }
}
