//! The three months behind the demo, told by calling the operations that people call, on days gone by.

use super::invited;
use super::names::{Dice, names};
use super::people::{self, ALICE, BOB, CAROL, DAVE, actor, operator};
use super::queries::{self, Place};
use super::roles;
use super::runs;
use super::things;
use crate::access::{OrgRole, WorkspaceRole};
use crate::accounts::{self, TokenScope};
use crate::actor::Actor;
use crate::app::App;
use crate::audit::{self, Category, Event};
use crate::billing::{self, NewLease, RUNS_AT_ONCE};
use crate::clock::{DAY, HOUR, MINUTE, Micros};
use crate::error::Result;
use crate::keys::{self, NewKey};
use crate::members::{self, Line, Mover, Moving};
use crate::organizations::{self, Policies};
use crate::outbox;
use crate::workspaces::{self, Source, Workspace};

pub(super) const ACME: &str = "acme-corp";

/// People beside the four who have a name in the documentation.
const PEOPLE: usize = 296;

/// The story while it is told.
pub(super) struct Story<'a> {
    pub app: &'a App,
    pub(super) beginning: Micros,
    pub(super) dice: Dice,
    /// Names and addresses of the made people.
    pub people: Vec<(String, String)>,
}

/// Tells it, from the moment that the clock stands at up to now.
pub(super) async fn tell(app: &App) -> anyhow::Result<()> {
    let mut dice = Dice::new(2_026);
    let made = names(PEOPLE, &mut dice);
    let people = made
        .into_iter()
        .map(|(name, address)| (name, format!("{address}@acme.test")))
        .collect();
    let mut story = Story {
        app,
        beginning: app.now(),
        dice,
        people,
    };
    story.tell().await.map_err(crate::cli::in_words)?;
    let real = jiff::Timestamp::now().as_microsecond();
    app.clock.advance(real - app.now());
    Ok(())
}

impl Story<'_> {
    async fn tell(&mut self) -> Result<()> {
        self.the_first_days().await?;
        self.the_second_month().await?;
        self.changes_of_every_day().await?;
        self.another_organization().await?;
        things::stand(self).await?;
        // What ran before Roster knew of the things is told of on that day.
        let told = runs::report(self, 0, false).await?;
        invited::people_join(self).await?;
        roles::are_made(self).await?;
        let told = runs::report(self, told, false).await?;
        self.last_days().await?;
        let told = runs::report(self, told, false).await?;
        invited::some_wait(self).await?;
        self.send_mails().await?;
        self.app
            .clock
            .advance(self.beginning + super::BEGINNING - self.app.now());
        runs::report(self, told, true).await?;
        self.a_run_holds_a_slot().await?;
        self.services_have_keys().await
    }

    /// Acme pays for the plan Team, and something runs at this moment.
    async fn a_run_holds_a_slot(&self) -> Result<()> {
        billing::set_plan(self.app, &operator(self.app, ACME).await?, "team").await?;
        let new = NewLease {
            pool: RUNS_AT_ONCE.into(),
            holder: "Orders to Salesforce".into(),
            workspace: None,
            seconds: 86_400,
        };
        billing::acquire(self.app, &actor(self.app, BOB.email, ACME).await?, &new)
            .await
            .map(drop)
    }

    /// A service of the whole organization, and one of a workspace.
    async fn services_have_keys(&self) -> Result<()> {
        let alice = actor(self.app, ALICE.email, ACME).await?;
        let new = |name| NewKey {
            name,
            scope: TokenScope::Write,
            org_role: OrgRole::Member,
            workspace_role: Some(WorkspaceRole::Member),
            days: Some(365),
        };
        keys::create_key(self.app, &alice, &new("Nightly crawl")).await?;
        let (workspaces, _) = workspaces::list(self.app, &alice, "", 1).await?;
        if let Some(first) = workspaces.first() {
            keys::create_workspace_key(
                self.app,
                &alice.person,
                &first.workspace.id,
                &new("Link checker"),
            )
            .await?;
        }
        Ok(())
    }

    /// Lets the mails of this day leave on this day.
    pub(super) async fn send_mails(&self) -> Result<()> {
        while outbox::work_once(self.app).await? {}
        Ok(())
    }

    /// Moves the clock to a day of the story.
    pub fn day(&self, day: i64, hour: i64) {
        let at = self.beginning + day * DAY + hour * HOUR - self.beginning % DAY;
        self.app.clock.advance(at - self.app.now());
    }

    async fn the_first_days(&mut self) -> Result<()> {
        self.day(0, 9);
        let alice = people::sign_in(self.app, ALICE.email).await?;
        accounts::change_name(self.app, &alice, ALICE.name).await?;
        let alice = people::sign_in(self.app, ALICE.email).await?;
        organizations::create(self.app, &alice, "Acme Corp", ACME).await?;
        let alice = actor(self.app, ALICE.email, ACME).await?;
        let production = workspaces::create_in(self.app, &alice, "Production", "Live data").await?;
        let staging = workspaces::create_in(self.app, &alice, "Staging", "Rehearsals").await?;

        self.day(0, 11);
        let named = [BOB, CAROL, DAVE].map(|who| (who.name.to_owned(), who.email.to_owned()));
        self.move_in(ACME, &named).await?;
        self.move_in(ACME, &self.people[..190]).await?;
        for (day, part) in [(1, 0..80), (2, 80..140), (4, 140..184)] {
            self.day(day, 10);
            let mut who: Vec<String> = self.people[part].iter().map(|p| p.1.clone()).collect();
            who.extend(named.iter().filter(|_| day == 1).map(|p| p.1.clone()));
            self.arrive(&who).await?;
        }
        self.day(4, 15);
        let alice = actor(self.app, ALICE.email, ACME).await?;
        self.change_role(&alice, BOB.email, OrgRole::Admin).await?;
        // The example of SignalSmith's documentation: organization role and workspace role are independent.
        self.give(
            &alice,
            &production,
            &[
                (BOB.email, WorkspaceRole::Admin),
                (DAVE.email, WorkspaceRole::Member),
            ],
        )
        .await?;
        let in_staging = [
            (BOB.email, WorkspaceRole::Member),
            (CAROL.email, WorkspaceRole::Admin),
            (DAVE.email, WorkspaceRole::Member),
        ];
        self.give(&alice, &staging, &in_staging).await?;
        self.give_to_some(&alice, &production, 0..184, 2).await?;
        self.give_to_some(&alice, &staging, 0..184, 3).await
    }

    async fn the_second_month(&mut self) -> Result<()> {
        self.day(31, 9);
        let alice = actor(self.app, ALICE.email, ACME).await?;
        let support = Policies {
            support_contact: "it-help@acme.test".into(),
            ..alice.org.policies.clone()
        };
        organizations::change_policies(self.app, &alice, &support).await?;
        let emea =
            workspaces::create_in(self.app, &alice, "EMEA", "Europe, Middle East and Africa")
                .await?;
        let us = workspaces::create_in(self.app, &alice, "US", "United States").await?;
        self.move_in(ACME, &self.people[190..260]).await?;
        self.day(33, 10);
        let who: Vec<String> = self.people[190..256].iter().map(|p| p.1.clone()).collect();
        self.arrive(&who).await?;
        let alice = actor(self.app, ALICE.email, ACME).await?;
        self.give_to_some(&alice, &emea, 60..256, 3).await?;
        self.give_to_some(&alice, &us, 0..200, 4).await
    }

    async fn changes_of_every_day(&mut self) -> Result<()> {
        let bob_changes = [
            (41, 3, OrgRole::Admin),
            (44, 17, OrgRole::Admin),
            (47, 29, OrgRole::Viewer),
            (52, 58, OrgRole::Viewer),
        ];
        for (day, who, role) in bob_changes {
            self.day(day, 14);
            let bob = actor(self.app, BOB.email, ACME).await?;
            self.change_role(&bob, &self.people[who].1.clone(), role)
                .await?;
        }
        self.day(54, 10);
        let alice = actor(self.app, ALICE.email, ACME).await?;
        let own = [
            (7, OrgRole::Owner),
            (11, OrgRole::Billing),
            (64, OrgRole::Billing),
            (23, OrgRole::Viewer),
            (90, OrgRole::Admin),
        ];
        for (who, role) in own {
            self.change_role(&alice, &self.people[who].1.clone(), role)
                .await?;
        }
        self.day(58, 16);
        let bob = actor(self.app, BOB.email, ACME).await?;
        for who in [35, 101, 160] {
            let place = self.place(&bob, &self.people[who].1).await?;
            members::suspend(self.app, &bob, &place.id).await?;
        }
        self.day(60, 9);
        let bob = actor(self.app, BOB.email, ACME).await?;
        let back = self.place(&bob, &self.people[101].1).await?;
        members::reinstate(self.app, &bob, &back.id).await?;
        for who in [44, 77, 130] {
            let place = self.place(&bob, &self.people[who].1).await?;
            members::remove(self.app, &bob, &place.id).await?;
        }
        Ok(())
    }

    /// So that there is something to switch to.
    async fn another_organization(&mut self) -> Result<()> {
        const INGRID: &str = "ingrid@northwind.test";
        self.day(63, 10);
        let ingrid = people::sign_in(self.app, INGRID).await?;
        accounts::change_name(self.app, &ingrid, "Ingrid Solheim").await?;
        let ingrid = people::sign_in(self.app, INGRID).await?;
        organizations::create(self.app, &ingrid, "Northwind Labs", "northwind").await?;
        let ingrid = actor(self.app, INGRID, "northwind").await?;
        workspaces::create_in(self.app, &ingrid, "Field trials", "").await?;
        let mut some = vec![(ALICE.name.to_owned(), ALICE.email.to_owned())];
        some.extend((0..11).map(|n| self.people[n * 13].clone()));
        self.move_in("northwind", &some).await
    }

    async fn last_days(&mut self) -> Result<()> {
        self.day(71, 9);
        self.move_in(ACME, &self.people[260..]).await?;
        self.day(72, 11);
        let who: Vec<String> = self.people[260..288].iter().map(|p| p.1.clone()).collect();
        self.arrive(&who).await?;
        self.day(84, 9);
        let alice = people::sign_in(self.app, ALICE.email).await?;
        accounts::create_token(
            self.app,
            &alice,
            "Nightly report",
            TokenScope::Read,
            Some(30),
        )
        .await?;
        self.were_here().await
    }

    /// Everybody was last there at some time of the last weeks, most of them lately.
    async fn were_here(&mut self) -> Result<()> {
        let end = self.beginning + super::BEGINNING;
        let org = operator(self.app, ACME).await?.org.id.clone();
        let mut tx = self.app.db.begin().await?;
        let mut all: Vec<String> = self.people.iter().map(|p| p.1.clone()).collect();
        all.extend([BOB, CAROL, DAVE].map(|who| who.email.to_owned()));
        for email in all {
            let minutes = match self.dice.roll(10) {
                0..=3 => self.dice.roll(24 * 60),
                4..=7 => self.dice.roll(7 * 24 * 60),
                _ => self.dice.roll(17 * 24 * 60),
            };
            queries::was_here(&mut tx, &org, &email, end - i64::from(minutes + 3) * MINUTE).await?;
        }
        tx.commit().await
    }

    pub(super) async fn move_in(&self, slug: &str, people: &[(String, String)]) -> Result<()> {
        let line = |(name, email): &(String, String)| Line {
            number: 0,
            mover: Mover {
                email: email.clone(),
                name: name.clone(),
                role: OrgRole::Member,
            },
            github: String::new(),
            github_id: None,
            access: Vec::new(),
        };
        let lines: Vec<Line> = people.iter().map(line).collect();
        members::move_in_lines(
            self.app,
            &operator(self.app, slug).await?,
            &lines,
            Moving::default(),
        )
        .await
        .map(drop)
    }

    /// Signs people in for the first time, so that their membership is theirs.
    async fn arrive(&mut self, emails: &[String]) -> Result<()> {
        let mut at = self.app.now();
        let mut tx = self.app.db.begin().await?;
        for email in emails {
            at += i64::from(self.dice.roll(9)) * MINUTE;
            accounts::arrive_by_address(self.app, &mut tx, email, at).await?;
        }
        tx.commit().await
    }

    async fn place(&self, actor: &Actor, email: &str) -> Result<Place> {
        let mut tx = self.app.db.read().await?;
        queries::place(&mut tx, &actor.org.id, email).await
    }

    async fn change_role(&self, actor: &Actor, email: &str, role: OrgRole) -> Result<()> {
        let place = self.place(actor, email).await?;
        members::change_role(self.app, actor, &place.id, role)
            .await
            .map(drop)
    }

    /// Gives roles in a workspace, in one write.
    async fn give(
        &self,
        actor: &Actor,
        workspace: &Workspace,
        to: &[(&str, WorkspaceRole)],
    ) -> Result<()> {
        let now = self.app.now();
        let (mut tx, actor) = self.app.db.write(actor).await?;
        for (email, role) in to {
            let place = queries::place(&mut tx, &actor.org.id, email).await?;
            workspaces::give_access(
                &mut tx,
                workspace,
                &place.user_id,
                Source::Organization,
                &workspaces::Given::Fixed(*role),
                now,
            )
            .await?;
            let event = Event::new(
                Category::Access,
                "access.given",
                "member",
                place.id.to_string(),
                place.name,
            )
            .subject(Some(&place.user_id))
            .workspace(&workspace.id)
            .with("workspace", &*workspace.name)
            .with("role", role.as_str());
            audit::record(&mut tx, &actor, now, event).await?;
        }
        tx.commit().await
    }

    /// Gives every `nth` of a part of the people a role in a workspace.
    async fn give_to_some(
        &mut self,
        actor: &Actor,
        workspace: &Workspace,
        part: std::ops::Range<usize>,
        nth: usize,
    ) -> Result<()> {
        let mut to = Vec::new();
        for who in part.step_by(nth) {
            let role = match self.dice.roll(12) {
                0 => WorkspaceRole::Admin,
                1..=3 => WorkspaceRole::Viewer,
                _ => WorkspaceRole::Member,
            };
            to.push((self.people[who].1.as_str(), role));
        }
        self.give(actor, workspace, &to).await
    }
}
