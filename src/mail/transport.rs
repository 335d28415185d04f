//! How a mail leaves: over SMTP, or, where no server is set, as a file.

use super::Letter;
use crate::config::Config;
use crate::outbox::Failure;
use anyhow::Context;
use lettre::message::{Mailbox, MultiPart, header::HeaderName, header::HeaderValue};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{
    Address, AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sends mails.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    domain: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(AsyncFileTransport<Tokio1Executor>, PathBuf),
}

/// Refuses a mail server that Roster can't use.
pub fn check_url(config: &Config) -> anyhow::Result<()> {
    config
        .smtp_url
        .as_ref()
        .map_or(Ok(()), |url| smtp(url, config).map(|_| ()))
}

/// `smtps://` is TLS from the first byte; `smtp://` demands STARTTLS, except on loopback, where no wire is.
fn smtp(url: &str, config: &Config) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
    const WRONG: &str = "ROSTER_SMTP_URL (--smtp-url) must be like smtp://user:password@mail.example.com:587 or smtps://mail.example.com";
    let parsed = url::Url::parse(url).map_err(|_| anyhow::anyhow!(WRONG))?;
    let host = parsed
        .host_str()
        .context(WRONG)?
        .trim_matches(['[', ']'])
        .to_owned();
    anyhow::ensure!(matches!(parsed.scheme(), "smtp" | "smtps"), WRONG);
    let loopback = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    let demands_tls = parsed
        .query_pairs()
        .any(|(key, value)| key == "tls" && value == "required");
    let mut plain = parsed.clone();
    plain.set_query(None);
    let mut builder =
        AsyncSmtpTransport::<Tokio1Executor>::from_url(plain.as_str()).context(WRONG)?;
    if parsed.scheme() == "smtps" || !loopback || demands_tls {
        let mut tls = TlsParameters::builder(host);
        if let Some(file) = &config.smtp_ca {
            let pem = std::fs::read(file)
                .with_context(|| format!("ROSTER_SMTP_CA: {} could not be read", file.display()))?;
            tls = tls.add_root_certificate(
                Certificate::from_pem(&pem).context("ROSTER_SMTP_CA is not a PEM certificate")?,
            );
        }
        let tls = tls
            .build()
            .context("TLS for the mail server could not be set up")?;
        builder = builder.tls(if parsed.scheme() == "smtps" {
            Tls::Wrapper(tls)
        } else {
            Tls::Required(tls)
        });
    }
    Ok(builder.timeout(Some(Duration::from_secs(30))).build())
}

impl Mailer {
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let way = match &config.smtp_url {
            Some(url) => Way::Smtp(smtp(url, config)?),
            None => {
                let folder = Self::folder_in(&config.data_dir);
                crate::app::make_folder(&folder).with_context(|| {
                    format!("the folder {} could not be made", folder.display())
                })?;
                Way::Files(AsyncFileTransport::new(&folder), folder)
            }
        };
        let from: Mailbox = config
            .mail_from
            .parse()
            .context("ROSTER_MAIL_FROM is not an address")?;
        let domain = from.email.domain().to_owned();
        Ok(Self { from, domain, way })
    }

    /// Where mails are written to in a data folder.
    pub fn folder_in(data_dir: &Path) -> PathBuf {
        data_dir.join("mail")
    }

    /// The folder that mails are written to where no server is set.
    pub fn folder(&self) -> Option<&PathBuf> {
        match &self.way {
            Way::Smtp(_) => None,
            Way::Files(_, folder) => Some(folder),
        }
    }

    /// Hands a mail to the server. A repeated try carries the same Message-ID, so that a mailbox can tell.
    pub async fn send(&self, job: &str, letter: Letter) -> Result<(), Failure> {
        let to: Address = letter
            .to
            .parse()
            .map_err(|_| Failure::ForGood("the address can't be mailed to".into()))?;
        let message = Message::builder()
            .message_id(Some(format!("<{job}@{}>", self.domain)))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(|e| Failure::ForGood(format!("the mail could not be put together: {e}")))?;
        match &self.way {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(e) if e.is_permanent() => Err(Failure::ForGood(reason(&e))),
                Err(e) => Err(Failure::ForNow(reason(&e))),
            },
            Way::Files(files, _) => files
                .send(message)
                .await
                .map(|_| ())
                .map_err(|e| Failure::ForNow(e.to_string())),
        }
    }
}

/// The mail server's own words, in one short line.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;
    let mut words = match (error.status(), error.source()) {
        (Some(code), Some(source)) => format!("the mail server said {code} {source}"),
        (None, Some(source)) => format!("the mail server can't be reached: {source}"),
        _ => error.to_string(),
    };
    words.retain(|c| !c.is_control());
    words.chars().take(200).collect()
}
