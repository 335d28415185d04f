//! The stand-ins do what they say; without this a test against a broken stand-in proves nothing.

use lettre::message::{MultiPart, header::ContentType};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde_json::{Value, json};

use super::github::{Account, CLIENT_ID, CLIENT_SECRET, GitHub, Mode as GitHubMode};
use super::mailbox::{Mailbox, Mode};

type Smtp = AsyncSmtpTransport<Tokio1Executor>;

fn message(subject: &str) -> Message {
    Message::builder()
        .from("Roster <roster@example.com>".parse().unwrap())
        .to("Zoë <zoe@example.com>".parse().unwrap())
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .multipart(MultiPart::alternative_plain_html(
            "Grüße!\n.\n..two dots\nYour code is 123456 (https://roster.example/join?token=a1.b2).\n".to_owned(),
            "<p>Grüße!</p>".to_owned(),
        ))
        .unwrap()
}

fn plain(mailbox: &Mailbox) -> Smtp {
    Smtp::from_url(&mailbox.url()).unwrap().build()
}

#[tokio::test]
async fn the_mailbox_takes_a_message_as_it_was_written() {
    let mailbox = Mailbox::start().await;
    plain(&mailbox).send(message("Grüße an Zoë")).await.unwrap();
    let mail = mailbox.wait_for("ZOE@example.com", "Grüße").await;
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("roster@example.com", &["zoe@example.com".to_owned()][..])
    );
    assert_eq!(
        mail.text.lines().collect::<Vec<_>>()[..3],
        ["Grüße!", ".", "..two dots"]
    );
    assert_eq!(mail.html.trim(), "<p>Grüße!</p>");
    assert_eq!(mail.code(), "123456");
    assert_eq!(
        mail.link("/join"),
        "https://roster.example/join?token=a1.b2"
    );
    assert!(mail.header("to").unwrap().contains("zoe@example.com"));
    assert!(mail.raw.starts_with("From:") && !mail.encrypted);
}

#[tokio::test]
async fn the_mailbox_hands_a_message_out_once_and_waits_for_the_next() {
    let mailbox = Mailbox::start().await;
    let smtp = plain(&mailbox);
    smtp.send(message("Sign in 1")).await.unwrap();
    assert_eq!(
        mailbox.wait_for("zoe@example.com", "Sign in").await.subject,
        "Sign in 1"
    );
    let second = tokio::spawn({
        let mailbox = mailbox.clone();
        async move { mailbox.wait_for("zoe@example.com", "Sign in").await }
    });
    smtp.send(message("Sign in 2")).await.unwrap();
    assert_eq!(second.await.unwrap().subject, "Sign in 2");
    assert_eq!(mailbox.all().len(), 2);
}

#[tokio::test]
async fn the_mailbox_speaks_tls_both_ways_with_a_certificate_to_trust() {
    let mailbox = Mailbox::start().await;
    let port = |url: String| url.rsplit_once(':').unwrap().1.parse().unwrap();
    let trusting = || {
        let certificate = Certificate::from_pem(mailbox.certificate().as_bytes()).unwrap();
        TlsParameters::builder("127.0.0.1".to_owned())
            .add_root_certificate(certificate)
            .build_rustls()
            .unwrap()
    };
    let strangers = TlsParameters::builder("127.0.0.1".to_owned())
        .build_rustls()
        .unwrap();
    for (port, tls, works) in [
        (port(mailbox.tls_url()), Tls::Wrapper(trusting()), true),
        (port(mailbox.url()), Tls::Required(trusting()), true),
        (
            port(mailbox.tls_url()),
            Tls::Wrapper(strangers.clone()),
            false,
        ),
        (port(mailbox.url()), Tls::Required(strangers), false),
    ] {
        let smtp = Smtp::builder_dangerous("127.0.0.1")
            .port(port)
            .tls(tls)
            .build::<Tokio1Executor>();
        assert_eq!(smtp.send(message("Secret")).await.is_ok(), works);
    }
    assert!(mailbox.all().iter().all(|mail| mail.encrypted));
    assert_eq!(mailbox.all().len(), 2);
}

#[tokio::test]
async fn the_mailbox_misbehaves_on_request() {
    let mailbox = Mailbox::start().await;
    let smtp = plain(&mailbox);
    smtp.send(message("Before")).await.unwrap();

    mailbox.set_mode(Mode::Reject451);
    assert!(
        smtp.send(message("Later"))
            .await
            .unwrap_err()
            .is_transient()
    );
    mailbox.set_mode(Mode::Reject550);
    assert!(
        smtp.send(message("Never"))
            .await
            .unwrap_err()
            .is_permanent()
    );
    mailbox.set_mode(Mode::DropDuringData);
    assert!(smtp.send(message("Half")).await.is_err());
    mailbox.set_mode(Mode::Down);
    assert!(smtp.send(message("Nobody there")).await.is_err());
    assert_eq!(mailbox.all().len(), 1);

    mailbox.set_mode(Mode::Slow);
    let sending = tokio::spawn({
        let smtp = plain(&mailbox);
        async move { smtp.send(message("Slow")).await }
    });
    tokio::task::yield_now().await;
    assert!(!sending.is_finished());
    mailbox.set_mode(Mode::Ok);
    sending.await.unwrap().unwrap();
    mailbox.wait_for("zoe@example.com", "Slow").await;
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent("roster-tests")
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(
            rustls::ClientConfig::builder()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth(),
        )
        .build()
        .unwrap()
}

// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://127.0.0.1/back";

/// Visits the authorize page and returns the address it leads back to.
async fn authorize(github: &GitHub) -> url::Url {
    let query = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", BACK),
        ("scope", "user:email"),
        ("state", "s1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let answer = http()
        .get(github.url() + "/login/oauth/authorize")
        .query(&query)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 302);
    answer.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

fn field(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

async fn exchange(github: &GitHub, code: &str, verifier: &str) -> Value {
    let form = [
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", verifier),
    ];
    let request = http()
        .post(github.url() + "/login/oauth/access_token")
        .header("accept", "application/json");
    let answer = request.form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn github_signs_an_account_in_with_a_code_that_works_once() {
    let github = GitHub::start().await;
    let mut ada = Account::new(7, "ada", "ada@example.com");
    ada.id = Value::Null;
    ada.emails
        .push(("old@example.com".to_owned(), json!("yes"), false));
    github.sign_in_as(ada);

    let back = authorize(&github).await;
    assert_eq!(field(&back, "state").unwrap(), "s1");
    assert_eq!(github.challenges(), [Some(CHALLENGE.to_owned())]);
    let code = field(&back, "code").unwrap();
    let grant = exchange(&github, &code, VERIFIER).await;
    assert_eq!(
        (&grant["token_type"], &grant["scope"]),
        (&json!("bearer"), &json!("user:email"))
    );
    assert_eq!(
        exchange(&github, &code, VERIFIER).await["error"],
        "bad_verification_code"
    );

    let get = |path: &str| {
        http()
            .get(github.api_url() + path)
            .bearer_auth(grant["access_token"].as_str().unwrap())
            .send()
    };
    let user: Value = get("/user").await.unwrap().json().await.unwrap();
    assert_eq!((&user["id"], &user["login"]), (&Value::Null, &json!("ada")));
    let emails: Value = get("/user/emails").await.unwrap().json().await.unwrap();
    assert_eq!(
        emails[0],
        json!({"email": "ada@example.com", "verified": true, "primary": true, "visibility": "private"})
    );
    assert_eq!(emails[1]["verified"], "yes");
    assert_eq!(get("/users/ADA").await.unwrap().status(), 200);
    assert_eq!(get("/users/nobody").await.unwrap().status(), 404);
    assert_eq!(
        http()
            .get(github.api_url() + "/user")
            .bearer_auth("gho_x")
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

#[tokio::test]
async fn github_refuses_a_wrong_verifier_and_a_person_may_cancel() {
    let github = GitHub::start().await;
    github.sign_in_as(Account::new(7, "ada", "ada@example.com"));
    let code = field(&authorize(&github).await, "code").unwrap();
    assert_eq!(
        exchange(&github, &code, "wrong").await["error"],
        "bad_verification_code"
    );
    assert_eq!(
        exchange(&github, &code, VERIFIER).await["error"],
        "bad_verification_code",
        "one try for each code"
    );

    github.deny();
    let back = authorize(&github).await;
    assert_eq!(
        (
            field(&back, "error").unwrap().as_str(),
            field(&back, "code")
        ),
        ("access_denied", None)
    );
}

#[tokio::test]
async fn github_misbehaves_on_request() {
    let github = GitHub::start().await;
    github.sign_in_as(Account::new(7, "ada", "ada@example.com"));
    let get = || http().get(github.api_url() + "/users/ada").send();
    github.fail(GitHubMode::Refuse500);
    assert_eq!(get().await.unwrap().status(), 500);
    github.fail(GitHubMode::RateLimited);
    let answer = get().await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            &answer.headers()["x-ratelimit-remaining"]
        ),
        (403, &"0".parse().unwrap())
    );
    github.fail(GitHubMode::Slow);
    let waiting = tokio::spawn(get());
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    github.fail(GitHubMode::Ok);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}
