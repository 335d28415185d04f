//! A real SMTP server on loopback: what the program sends, the tests read here.
//!
//! Written by hand because no kept crate can misbehave on request: `mailin-embedded` blocks, wants certificate files
//! and has no implicit TLS; `samotop` is async-std; the mail-catcher programs bring a database and a web page along.

#![allow(
    dead_code,
    reason = "two test binaries use it, and neither uses all of it"
)]

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mail_parser::{MessageParser, PartType};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig, pki_types::PrivateKeyDer};

/// How long `wait_for` waits before it fails the test.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the server behaves from now on, on open connections too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Takes every message.
    Ok,
    /// Reads the message, and answers when the mode is changed. A client that leaves before has sent nothing.
    Slow,
    /// Answers every recipient with `451`: try again later.
    Reject451,
    /// Answers every recipient with `550`: no such person.
    Reject550,
    /// Closes the connection in the middle of the message.
    DropDuringData,
    /// Closes every connection before a word is said.
    Down,
}

/// A message that the server took.
#[derive(Clone)]
pub struct Mail {
    /// The recipients of the envelope: who really gets it.
    pub to: Vec<String>,
    /// The address in the `From` header.
    pub from: String,
    pub subject: String,
    /// The `text/plain` part, decoded; empty where there is none.
    pub text: String,
    /// The `text/html` part, decoded; empty where there is none.
    pub html: String,
    pub raw: String,
    /// In their order, unfolded, not decoded.
    pub headers: Vec<(String, String)>,
    /// Whether it came over TLS.
    pub encrypted: bool,
}

#[derive(Clone)]
pub struct Mailbox(Arc<Shared>);

struct Shared {
    port: u16,
    tls_port: u16,
    certificate: String,
    tls: TlsAcceptor,
    mode: watch::Sender<Mode>,
    mails: Mutex<Vec<Letter>>,
    arrived: Notify,
}

struct Letter {
    mail: Mail,
    handed_out: bool,
}

impl Mailbox {
    /// Starts the server on two free ports; it ends with the test's runtime.
    pub async fn start() -> Mailbox {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .expect("a TLS configuration");
        let plain = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let wrapped = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let shared = Arc::new(Shared {
            port: plain.local_addr().expect("an address").port(),
            tls_port: wrapped.local_addr().expect("an address").port(),
            certificate: own.cert.pem(),
            tls: TlsAcceptor::from(Arc::new(config)),
            mode: watch::Sender::new(Mode::Ok),
            mails: Mutex::default(),
            arrived: Notify::new(),
        });
        for (listener, implicit_tls) in [(plain, false), (wrapped, true)] {
            let shared = shared.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    // A client that breaks off is what some modes are for, so how a session ends says nothing.
                    tokio::spawn(serve(shared.clone(), stream, implicit_tls));
                }
            });
        }
        Mailbox(shared)
    }

    /// `smtp://127.0.0.1:PORT`, which offers STARTTLS too.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.0.port)
    }

    /// `smtps://127.0.0.1:PORT`: TLS from the first byte, with a certificate of `certificate()`.
    pub fn tls_url(&self) -> String {
        format!("smtps://127.0.0.1:{}", self.0.tls_port)
    }

    /// The server's own certificate, PEM: whoever connects with TLS must trust it.
    pub fn certificate(&self) -> &str {
        &self.0.certificate
    }

    pub fn set_mode(&self, mode: Mode) {
        self.0.mode.send_replace(mode);
    }

    /// The oldest message to this address with this in its subject that no earlier call handed out: asked twice, it
    /// waits for a second message. Fails the test after ten seconds, naming what did arrive.
    pub async fn wait_for(&self, to: &str, subject_contains: &str) -> Mail {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let arrived = self.0.arrived.notified();
            if let Some(mail) = self.hand_out(to, subject_contains) {
                return mail;
            }
            if timeout_at(deadline, arrived).await.is_err() {
                panic!(
                    "no message to {to:?} with {subject_contains:?} in its subject came within {} s; there is:\n{}",
                    PATIENCE.as_secs(),
                    self.contents()
                );
            }
        }
    }

    /// Everything the server took so far, oldest first.
    pub fn all(&self) -> Vec<Mail> {
        let mails = self.0.mails.lock().expect("no test panicked here");
        mails.iter().map(|letter| letter.mail.clone()).collect()
    }

    fn hand_out(&self, to: &str, subject_contains: &str) -> Option<Mail> {
        let mut mails = self.0.mails.lock().expect("no test panicked here");
        let letter = mails.iter_mut().find(|Letter { mail, handed_out }| {
            !handed_out
                && mail.subject.contains(subject_contains)
                && mail
                    .to
                    .iter()
                    .any(|address| address.eq_ignore_ascii_case(to))
        })?;
        letter.handed_out = true;
        Some(letter.mail.clone())
    }

    fn contents(&self) -> String {
        let mails = self.0.mails.lock().expect("no test panicked here");
        if mails.is_empty() {
            return "  nothing".to_owned();
        }
        let line = |Letter { mail, handed_out }: &Letter| {
            let note = if *handed_out {
                " (handed out before)"
            } else {
                ""
            };
            format!("  {mail:?}{note}\n")
        };
        mails.iter().map(line).collect()
    }
}

impl Mail {
    /// The first URL in the text part that contains the fragment.
    pub fn link(&self, containing: &str) -> String {
        self.text
            .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .map(|word| {
                word.trim_start_matches('(')
                    .trim_end_matches(['.', ',', ';', ')'])
            })
            .find(|word| word.contains("://") && word.contains(containing))
            .unwrap_or_else(|| panic!("no link with {containing:?} in {self:?}:\n{}", self.text))
            .to_owned()
    }

    /// The first number of exactly six digits in the text part.
    pub fn code(&self) -> String {
        self.text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))
            .unwrap_or_else(|| panic!("no six-digit code in {self:?}:\n{}", self.text))
            .to_owned()
    }

    /// The first header of this name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn parse(to: Vec<String>, raw: &[u8], encrypted: bool) -> Option<Mail> {
        let message = MessageParser::default().parse(raw)?;
        let part = |wanted: fn(&PartType<'_>) -> Option<String>| {
            message
                .parts
                .iter()
                .find_map(|part| wanted(&part.body))
                .unwrap_or_default()
        };
        let unfold = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
        let from = message
            .from()
            .and_then(|address| address.first())
            .and_then(|address| address.address());
        Some(Mail {
            to,
            from: from.unwrap_or_default().to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: part(|body| {
                if let PartType::Text(text) = body {
                    Some(text.to_string())
                } else {
                    None
                }
            }),
            html: part(|body| {
                if let PartType::Html(html) = body {
                    Some(html.to_string())
                } else {
                    None
                }
            }),
            raw: String::from_utf8_lossy(raw).into_owned(),
            headers: message
                .headers_raw()
                .map(|(name, value)| (name.to_owned(), unfold(value)))
                .collect(),
            encrypted,
        })
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "to {} · {}", self.to.join(", "), self.subject)
    }
}

/// How a conversation over one stream ended.
#[derive(PartialEq, Eq)]
enum End {
    Closed,
    StartTls,
}

async fn serve(shared: Arc<Shared>, stream: TcpStream, implicit_tls: bool) -> io::Result<()> {
    if *shared.mode.borrow() == Mode::Down {
        return Ok(());
    }
    if implicit_tls {
        let mut stream = BufReader::new(shared.tls.accept(stream).await?);
        say(&mut stream, "220 mailbox.test ESMTP").await?;
        converse(&shared, &mut stream, true).await?;
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 mailbox.test ESMTP").await?;
    if converse(&shared, &mut stream, false).await? == End::StartTls {
        let mut stream = BufReader::new(shared.tls.accept(stream.into_inner()).await?);
        converse(&shared, &mut stream, true).await?;
    }
    Ok(())
}

async fn converse<S>(shared: &Shared, stream: &mut BufReader<S>, encrypted: bool) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from, mut to) = (None, Vec::new());
    loop {
        let line = String::from_utf8_lossy(&read_line(stream).await?)
            .trim_end()
            .to_owned();
        let mode = *shared.mode.borrow();
        if mode == Mode::Down {
            return Ok(End::Closed);
        }
        let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" if encrypted => {
                say(stream, "250-mailbox.test\r\n250-8BITMIME\r\n250 SMTPUTF8").await?
            }
            "EHLO" => {
                say(
                    stream,
                    "250-mailbox.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 STARTTLS",
                )
                .await?
            }
            "HELO" | "NOOP" => say(stream, "250 Ok").await?,
            "STARTTLS" if !encrypted => {
                say(stream, "220 Go ahead").await?;
                return Ok(End::StartTls);
            }
            "RSET" => {
                (from, to) = (None, Vec::new());
                say(stream, "250 Ok").await?;
            }
            "MAIL" => {
                (from, to) = (Some(address(argument)), Vec::new());
                say(stream, "250 Ok").await?;
            }
            "RCPT" if from.is_none() => say(stream, "503 MAIL first").await?,
            "RCPT" => match mode {
                Mode::Reject451 => say(stream, "451 4.3.0 Try again later").await?,
                Mode::Reject550 => say(stream, "550 5.1.1 No such person here").await?,
                _ => {
                    to.push(address(argument));
                    say(stream, "250 Ok").await?;
                }
            },
            "DATA" if to.is_empty() => say(stream, "503 RCPT first").await?,
            "DATA" => {
                say(stream, "354 End with a dot").await?;
                let Some(raw) = read_message(shared, stream).await? else {
                    return Ok(End::Closed);
                };
                wait_while_slow(shared, stream).await?;
                from = None;
                match Mail::parse(std::mem::take(&mut to), &raw, encrypted) {
                    Some(mail) => {
                        let letter = Letter {
                            mail,
                            handed_out: false,
                        };
                        shared
                            .mails
                            .lock()
                            .expect("no test panicked here")
                            .push(letter);
                        shared.arrived.notify_waiters();
                        say(stream, "250 Taken").await?;
                    }
                    None => say(stream, "554 That is no message").await?,
                }
            }
            "QUIT" => {
                say(stream, "221 Bye").await?;
                return Ok(End::Closed);
            }
            _ => say(stream, "502 Not known here").await?,
        }
    }
}

/// `FROM:<a@b.example> SIZE=1` → `a@b.example`
fn address(argument: &str) -> String {
    let inner = argument
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(argument, |(address, _)| address).to_owned()
}

/// The message without its dot-stuffing, or nothing where the mode says to hang up in the middle.
async fn read_message<S>(shared: &Shared, stream: &mut BufReader<S>) -> io::Result<Option<Vec<u8>>>
where
    S: AsyncRead + Unpin,
{
    let mut raw = Vec::new();
    loop {
        let line = read_line(stream).await?;
        if *shared.mode.borrow() == Mode::DropDuringData {
            return Ok(None);
        }
        match line.strip_prefix(b".") {
            Some(b"\r\n" | b"\n") => return Ok(Some(raw)),
            Some(rest) => raw.extend_from_slice(rest),
            None => raw.extend_from_slice(&line),
        }
    }
}

/// Returns when the mode is no longer `Slow`; fails when the client leaves before.
async fn wait_while_slow<S>(shared: &Shared, stream: &mut BufReader<S>) -> io::Result<()>
where
    S: AsyncRead + Unpin,
{
    let mut mode = shared.mode.subscribe();
    tokio::select! {
        biased;
        _ = mode.wait_for(|mode| *mode != Mode::Slow) => Ok(()),
        _ = stream.fill_buf() => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    match stream.read_until(b'\n', &mut line).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line),
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    line: &str,
) -> io::Result<()> {
    stream.write_all(line.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.flush().await
}
