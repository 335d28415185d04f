//! A running Roster on a database of its own, and what stories do with it again and again.

use clap::Parser;
use roster::access::OrgRole;
use roster::accounts::{TokenScope, create_token_for, identify_token};
use roster::actor::{Actor, Origin};
use roster::app::App;
use roster::billing::{self, NewLease, RUNS_AT_ONCE};
use roster::clock::Clock;
use roster::config::Config;
use roster::members::{self, Mover};
use roster::resources::{self, Mode, NewResource, Place, Verdict};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::harness::Person;
use crate::mailbox::Mailbox;
use crate::stripe::Stripe;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

pub struct House {
    pub url: String,
    pub app: App,
    pub clock: Clock,
    pub mailbox: Mailbox,
    /// Goes when the test ends.
    _folder: TempDir,
}

impl House {
    pub async fn start() -> Self {
        Self::start_with(true, &[]).await
    }

    /// A Roster that is paid at this Stripe, with the plans of its prices.
    pub async fn start_paid(stripe: &Stripe) -> Self {
        let plans = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../app/support/stripe/plans.toml"
        )
        .to_owned();
        let flags: Vec<(&str, String)> = stripe
            .flags()
            .into_iter()
            .chain([("--plans", plans)])
            .collect();
        let house = Self::start_with(true, &flags).await;
        stripe.keep_time(&house.clock);
        house
    }

    /// A Roster whose mails are written to files, which `/dev/mailbox` shows.
    pub async fn start_without_mail_server() -> Self {
        Self::start_with(false, &[]).await
    }

    async fn start_with(mail_server: bool, more: &[(&str, String)]) -> Self {
        let folder = TempDir::new().expect("a folder for the test");
        let mailbox = Mailbox::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let data_dir = folder.path().display().to_string();
        let smtp_url = mailbox.url();
        let mut flags = vec![
            "roster",
            "--public-url",
            &url,
            "--data-dir",
            &data_dir,
            "--development",
        ];
        if mail_server {
            flags.extend(["--smtp-url", &smtp_url]);
        }
        flags.extend(
            more.iter()
                .flat_map(|(flag, value)| [*flag, value.as_str()]),
        );
        let clock = Clock::default();
        let app = App::open(Flags::parse_from(flags).config, clock.clone())
            .await
            .expect("Roster starts");
        tokio::spawn(roster::app::serve(
            listener,
            app.clone(),
            std::future::pending(),
        ));
        Self {
            url,
            app,
            clock,
            mailbox,
            _folder: folder,
        }
    }

    /// The address of a page.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Signs somebody in as people do it: asks for a mail, reads the code in it, types it.
    pub async fn sign_in(&self, person: &Person, email: &str) {
        person.goto(&self.at("/sign-in")).await;
        person.fill("#email", email).await;
        person.click_text("Send the link").await;
        person.wait_text("Look in your mailbox").await;
        let mail = self.mailbox.wait_for(email, "ign in").await;
        person.fill("#code", &mail.code()).await;
        person.click_text("Sign in").await;
        person.wait_no_text("Look in your mailbox").await;
    }

    /// Signs somebody in by the operator's link, where how they signed in is not the story.
    pub async fn let_in(&self, person: &Person, email: &str) {
        let link = roster::accounts::operator_link(&self.app, email)
            .await
            .expect("a link is made");
        person.goto(&link).await;
        person.click_text("Sign in").await;
    }

    /// Creates an organization by its form.
    pub async fn create_org(&self, person: &Person, name: &str) {
        person.goto(&self.at("/orgs/new")).await;
        person.fill("#name", name).await;
        person.click("main form button[type=submit]").await;
        person.wait_text(&format!("{name} is ready.")).await;
    }

    /// A resource that somebody's product tells of in a workspace.
    pub async fn resource(&self, email: &str, workspace: &str) -> String {
        let token = create_token_for(&self.app, email, "product", TokenScope::Write, None)
            .await
            .expect("a token");
        let person = identify_token(&self.app, &token.secret, Origin::default())
            .await
            .expect("the person");
        let place = Place::of_workspace(&self.app, &person, &workspace.into())
            .await
            .expect("it opens");
        let new = NewResource {
            kind: "monitor".into(),
            external_id: "home".into(),
            name: "www.acme.test".into(),
            ..NewResource::default()
        };
        let done = resources::upsert(&self.app, &place, &[new], Mode::AllOrNothing)
            .await
            .expect("it is written");
        match &done.verdicts[..] {
            [Verdict::Created(made)] => made.id.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// Gives an organization a plan, as the operator.
    pub async fn put_on_plan(&self, slug: &str, plan: &str) {
        let actor = Actor::system(
            roster::organizations::find_by_any_slug(&self.app, slug)
                .await
                .expect("the organization exists"),
        );
        roster::billing::set_plan(&self.app, &actor, plan)
            .await
            .expect("the plan is in force");
    }

    /// Takes a slot of the pool of runs, as the product of this person does.
    pub async fn lease(&self, slug: &str, email: &str, holder: &str) {
        let token = create_token_for(&self.app, email, "product", TokenScope::Write, None)
            .await
            .expect("a token");
        let person = Arc::new(
            identify_token(&self.app, &token.secret, Origin::default())
                .await
                .expect("the person"),
        );
        let actor = person.in_org_by_slug(slug).expect("a member");
        let new = NewLease {
            pool: RUNS_AT_ONCE.to_owned(),
            holder: holder.to_owned(),
            workspace: None,
            seconds: 300,
        };
        billing::acquire(&self.app, &actor, &new)
            .await
            .expect("a slot");
    }

    /// Changes a member's role, as the operator.
    pub async fn change_role(&self, slug: &str, member: &str, role: OrgRole) {
        let actor = Actor::system(
            roster::organizations::find_by_any_slug(&self.app, slug)
                .await
                .expect("the organization exists"),
        );
        members::change_role(&self.app, &actor, &member.into(), role)
            .await
            .expect("a role is changed");
    }

    /// Makes somebody a member at once, as an import does.
    pub async fn add_member(&self, slug: &str, email: &str, name: &str, role: OrgRole) {
        let actor = Actor::system(
            roster::organizations::find_by_any_slug(&self.app, slug)
                .await
                .expect("the organization exists"),
        );
        let mover = Mover {
            email: email.to_owned(),
            name: name.to_owned(),
            role,
        };
        assert!(
            members::move_in(&self.app, &actor, &mover)
                .await
                .expect("they are added"),
            "{email} is new"
        );
    }
}
