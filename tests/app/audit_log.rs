//! The audit log as it is read: pages, filters, the live counter, the API; and that no page reads the whole log.

use crate::support::database::Database;
use crate::support::{Acme, House, Page, acme};
use roster::actor::Actor;
use roster::audit::{self, Category, Event, Filter, Kind};
use roster::clock::{DAY, HOUR};
use roster::ids::{UserId, WorkspaceId};
use serde_json::Value;

const LOG: &str = "/orgs/acme-corp/audit";

/// Acme with two workspaces and things that happened in each, told over four days.
async fn started() -> (House, Acme) {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    for workspace in ["Production", "Staging"] {
        acme.alice
            .post("/orgs/acme-corp/workspaces/new", &[("name", workspace)])
            .await
            .assert_status(303);
    }
    next_day(&house, &mut acme, 2).await;
    let carol = acme.member_id("carol@acme.test").await;
    for role in ["admin", "viewer"] {
        acme.bob
            .post(
                &format!("/orgs/acme-corp/members/{carol}/role"),
                &[("role", role)],
            )
            .await
            .assert_status(303);
    }
    next_day(&house, &mut acme, 1).await;
    acme.bob
        .post(
            "/orgs/acme-corp/members/invite",
            &[("email", "new@x.test"), ("role", "member")],
        )
        .await
        .assert_status(303);
    (house, acme)
}

/// Days go by, and everybody signs in again.
async fn next_day(house: &House, acme: &mut Acme, days: i64) {
    house.clock.advance(days * DAY);
    for (browser, email) in [
        (&mut acme.alice, "alice@acme.test"),
        (&mut acme.bob, "bob@acme.test"),
        (&mut acme.bill, "bill@acme.test"),
        (&mut acme.carol, "carol@acme.test"),
        (&mut acme.vera, "vera@acme.test"),
        (&mut acme.otto, "otto@globex.test"),
        (&mut acme.xenia, "xenia@nowhere.test"),
    ] {
        *browser = house.sign_in(email).await;
    }
}

fn sentences(page: &Page) -> Vec<String> {
    page.all("tbody .said")
}

fn query(pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{LOG}?{query}")
}

fn user_of(page: &Page, name: &str) -> String {
    let rows = page.all(".acts a");
    let at = rows
        .iter()
        .position(|label| label == &format!("Only {name}"))
        .unwrap_or_else(|| panic!("no “Only {name}” in {rows:?}"));
    let html = scraper::Html::parse_document(&page.body);
    let links = scraper::Selector::parse(".acts a").expect("a selector");
    let href = html
        .select(&links)
        .nth(at)
        .and_then(|a| a.value().attr("href"))
        .expect("a link")
        .to_owned();
    href.split("member=")
        .nth(1)
        .expect("a member")
        .split('&')
        .next()
        .expect("an id")
        .to_owned()
}

#[tokio::test]
async fn s1_8_s1_75_s1_77_the_log_tells_of_all_workspaces_newest_first_in_sentences_with_links() {
    let (_house, mut acme) = started().await;
    let page = acme.alice.get(LOG).await.assert_status(200);
    let said = sentences(&page);
    assert_eq!(
        said[..3],
        [
            "Bob Tanaka invited new@x.test as member",
            "Bob Tanaka changed Carol Reyes from admin to viewer",
            "Bob Tanaka changed Carol Reyes from member to admin"
        ]
    );
    assert_eq!(
        said[3..5],
        [
            "alice created the workspace Staging",
            "alice created the workspace Production"
        ]
    );
    let carol = acme.member_id("carol@acme.test").await;
    assert!(
        page.has(&format!(
            "tbody .said a[href='/orgs/acme-corp/members/{carol}']"
        )),
        "the person is linked"
    );
    assert!(
        page.has("tbody .said a[href^='/workspaces/ws_']"),
        "the workspace is linked"
    );
    let event = page.attribute("tbody tr", "id").expect("an event");
    let whole = acme
        .alice
        .get(&format!("{LOG}/{event}"))
        .await
        .assert_status(200);
    for words in ["127.0.0.1", "test browser", "invitation.created", "number"] {
        assert!(
            whole.text().contains(words),
            "“{words}” is not there: {}",
            whole.text()
        );
    }
}

/// Filters, and the sentences that they leave.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[tokio::test]
async fn s1_80_each_filter_alone_and_all_together_stand_in_the_address_and_find_just_what_they_say()
{
    let (house, mut acme) = started().await;
    let all = acme.alice.get(LOG).await.assert_status(200);
    let (bob, carol) = (user_of(&all, "Bob Tanaka"), user_of(&all, "Carol Reyes"));
    let workspace = all
        .attribute("select[name=workspace] option:nth-child(2)", "value")
        .expect("a workspace");
    let today = roster::clock::date(house.app.now());
    let before = roster::clock::date(house.app.now() - DAY);
    let cases: [Case<'_>; 9] = [
        (
            &[("workspace", &workspace)],
            &["alice created the workspace Production"],
        ),
        (
            &[("member", &carol), ("what", "member.role_changed")],
            &[
                "Bob Tanaka changed Carol Reyes from admin to viewer",
                "Bob Tanaka changed Carol Reyes from member to admin",
            ],
        ),
        (
            &[
                ("member", "carol@acme.test"),
                ("what", "member.role_changed"),
                ("to", &before),
            ],
            &[
                "Bob Tanaka changed Carol Reyes from admin to viewer",
                "Bob Tanaka changed Carol Reyes from member to admin",
            ],
        ),
        (
            &[("what", "invitation.created")],
            &["Bob Tanaka invited new@x.test as member"],
        ),
        (
            &[("from", &today)],
            &["Bob Tanaka invited new@x.test as member"],
        ),
        (
            &[
                ("member", &bob),
                ("what", "access"),
                ("from", &before),
                ("to", &before),
            ],
            &[
                "Bob Tanaka changed Carol Reyes from admin to viewer",
                "Bob Tanaka changed Carol Reyes from member to admin",
            ],
        ),
        (&[("workspace", &workspace), ("member", &bob)], &[]),
        (
            &[
                ("workspace", &workspace),
                ("what", "governance"),
                ("from", "2020-01-01"),
                ("to", &today),
            ],
            &["alice created the workspace Production"],
        ),
        (&[("from", "2020-01-01"), ("to", "2020-01-31")], &[]),
    ];
    for (filter, expected) in cases {
        let page = acme.alice.get(&query(filter)).await.assert_status(200);
        assert_eq!(sentences(&page), expected, "{filter:?}");
        for (name, value) in filter
            .iter()
            .filter(|(name, _)| matches!(*name, "from" | "to"))
        {
            assert_eq!(
                page.attribute(&format!("input[name={name}]"), "value")
                    .as_deref(),
                Some(*value),
                "the field shows it"
            );
        }
        if expected.is_empty() {
            page.assert_says("Nothing like that happened");
        }
    }
    acme.alice
        .get(&query(&[("from", "tomorrow")]))
        .await
        .assert_status(422);
    acme.alice
        .get(&query(&[("member", "nobody at all")]))
        .await
        .assert_says("Nobody here is or was called");
    acme.alice
        .get(&query(&[("member", "acme.test")]))
        .await
        .assert_says("Which one?");
}

#[tokio::test]
async fn s1_81_the_log_is_for_owners_and_admins() {
    let (house, mut acme) = started().await;
    let event = acme
        .alice
        .get(LOG)
        .await
        .attribute("tbody tr", "id")
        .expect("an event");
    for path in [LOG.to_owned(), format!("{LOG}/{event}")] {
        acme.bob.get(&path).await.assert_status(200);
        for browser in [&mut acme.bill, &mut acme.carol, &mut acme.vera] {
            browser.get(&path).await.assert_status(403);
        }
        for browser in [&mut acme.otto, &mut acme.xenia] {
            browser.get(&path).await.assert_status(404);
        }
    }
    acme.otto
        .get(&format!("/orgs/globex/audit/{event}"))
        .await
        .assert_status(404);
    assert!(
        acme.alice
            .get("/orgs/acme-corp/members")
            .await
            .has("nav a[href='/orgs/acme-corp/audit']")
    );
    assert!(
        !acme
            .carol
            .get("/orgs/acme-corp/members")
            .await
            .has("nav a[href='/orgs/acme-corp/audit']")
    );
    let org = house.system("acme-corp").await.org.id.clone();
    let carol = house.client("carol@acme.test").await;
    carol
        .get(&format!("/organizations/{org}/audit"))
        .await
        .assert_problem(403, "role_lacks_permission");
}

#[tokio::test]
async fn s1_80_a_page_says_how_many_new_events_there_are_and_stops_asking_in_time() {
    let (_house, mut acme) = started().await;
    let page = acme.alice.get(&query(&[("what", "access")])).await;
    let ask = page
        .attribute("#fresh", "hx-get")
        .expect("the page asks for what is new");
    acme.alice.htmx = true;
    assert_eq!(acme.alice.get(&ask).await.assert_status(200).text(), "");
    for n in 0..3 {
        acme.bob
            .post(
                "/orgs/acme-corp/members/invite",
                &[("email", &format!("n{n}@x.test")), ("role", "member")],
            )
            .await
            .assert_status(303);
    }
    acme.bob
        .post("/orgs/acme-corp/workspaces/new", &[("name", "Other")])
        .await
        .assert_status(303);
    let fresh = acme.alice.get(&ask).await.assert_status(200);
    assert!(fresh.text().contains("3 new events"), "{}", fresh.text());
    let mut next = fresh.attribute("#fresh", "hx-get");
    let mut asked = 0;
    while let Some(path) = next {
        asked += 1;
        assert!(asked < 60, "it never stops");
        next = acme.alice.get(&path).await.attribute("#fresh", "hx-get");
    }
    acme.alice.htmx = false;
    assert_eq!(
        acme.alice.get(&ask).await.location(),
        query(&[("what", "access")]),
        "without htmx it leads to the list"
    );
}

#[tokio::test]
async fn s1_80_the_api_filters_alike_and_gives_every_field() {
    let (house, mut acme) = started().await;
    let bob = user_of(&acme.alice.get(LOG).await, "Bob Tanaka");
    let org = house.system("acme-corp").await.org.id.clone();
    let client = house.client("alice@acme.test").await;
    let base = format!("/organizations/{org}/audit");
    let found = client
        .get(&format!(
            "{base}?user_id={bob}&action=member.role_changed&limit=1"
        ))
        .await
        .assert_status(200);
    let event = &found.json["data"][0];
    assert_eq!(
        event["sentence"],
        "Bob Tanaka changed Carol Reyes from admin to viewer"
    );
    assert_eq!(
        (
            event["changes"]["before"].as_str(),
            event["changes"]["after"].as_str()
        ),
        (Some("admin"), Some("viewer"))
    );
    for field in [
        "id",
        "seq",
        "at",
        "hash",
        "prev_hash",
        "ip",
        "client",
        "request_id",
        "credential",
        "subject_id",
        "salt",
        "v",
    ] {
        assert!(!event[field].is_null(), "{field} is missing: {event}");
    }
    let cursor = found.json["next_cursor"]
        .as_str()
        .expect("there is more")
        .to_owned();
    let next = client
        .get(&format!(
            "{base}?user_id={bob}&action=member.role_changed&limit=1&cursor={cursor}"
        ))
        .await
        .assert_status(200);
    assert_eq!(
        next.json["data"][0]["sentence"],
        "Bob Tanaka changed Carol Reyes from member to admin"
    );
    assert!(next.json["next_cursor"].is_null());
    let one = client
        .get(&format!(
            "{base}/{}",
            event["id"].as_str().unwrap_or_default()
        ))
        .await
        .assert_status(200);
    assert_eq!(one.json, *event);
    client
        .get(&format!("{base}?category=access&action=member.left"))
        .await
        .assert_problem(422, "invalid");
    client
        .get(&format!("{base}?cursor=x"))
        .await
        .assert_problem(422, "invalid");
    client
        .get(&format!("{base}?from=soon"))
        .await
        .assert_problem(422, "invalid");
}

#[tokio::test]
async fn s1_77_s1_78_a_change_of_role_of_policies_and_a_suspension_are_undone_from_the_log_with_their_effect_first()
 {
    let (house, mut acme) = started().await;
    let carol = acme.member_id("carol@acme.test").await;
    acme.alice
        .post(&format!("/orgs/acme-corp/members/{carol}/suspend"), &[])
        .await
        .assert_status(303);
    let org = house.system("acme-corp").await.org.id.clone();
    let client = house.client("alice@acme.test").await;
    let policies = serde_json::json!({"token_days": 30, "admins_enter": true});
    client
        .put(&format!("/organizations/{org}/policies"), policies)
        .await
        .assert_status(200);
    let newest = |page: &Page| page.attribute("tbody tr", "id").expect("an event");
    let cases = [
        (
            "member.role_changed",
            "Make Carol Reyes an admin again?",
            "member.role_changed",
            "Carol Reyes from viewer to admin",
        ),
        (
            "member.suspended",
            "Reinstate Carol Reyes?",
            "member.reinstated",
            "reinstated Carol Reyes",
        ),
        (
            "organization.policies_changed",
            "Set these policies back?",
            "organization.policies_changed",
            "changed the policies",
        ),
    ];
    for (action, question, as_action, said) in cases {
        let event = newest(&acme.alice.get(&query(&[("what", action)])).await);
        let undo = format!("{LOG}/{event}/undo");
        acme.alice
            .get(&undo)
            .await
            .assert_status(200)
            .assert_says(question);
        acme.alice
            .submit(&undo, &[])
            .await
            .assert_status(200)
            .assert_says("Undone.");
        let page = acme.alice.get(&query(&[("what", as_action)])).await;
        assert!(sentences(&page)[0].contains(said), "{:?}", sentences(&page));
        if action != "organization.policies_changed" {
            acme.alice.post(&undo, &[]).await.assert_status(409);
        }
    }
    let now = client
        .get(&format!("/organizations/{org}/policies"))
        .await
        .json;
    assert_eq!(
        (&now["token_days"], &now["admins_enter"]),
        (&365.into(), &false.into())
    );
    let other = newest(
        &acme
            .alice
            .get(&query(&[("what", "invitation.created")]))
            .await,
    );
    acme.alice
        .get(&format!("{LOG}/{other}/undo"))
        .await
        .assert_status(409);
    let role = newest(
        &acme
            .alice
            .get(&query(&[("what", "member.role_changed")]))
            .await,
    );
    acme.vera
        .post(&format!("{LOG}/{role}/undo"), &[])
        .await
        .assert_status(403);
    client
        .post(
            &format!("/organizations/{org}/audit/{role}/undo"),
            serde_json::json!({}),
        )
        .await
        .assert_status(204);
}

/// So many events of four people in three workspaces, over ten days, some of them recorded out of the order of their times.
async fn crowd(house: &House, count: usize) -> Actor {
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    let actor = house.system("acme-corp").await;
    let mut tx = house.app.db.begin().await.expect("a write");
    let beginning = house.app.now() - 10 * DAY;
    let actions = [
        (Category::Access, "access.given"),
        (Category::Access, "member.role_changed"),
        (Category::Resource, "model.edited"),
        (Category::Run, "run.finished"),
    ];
    let events = (0..count).map(|n| {
        let (category, action) = actions[n * 7 % 11 % 4];
        let subject = (n % 3 == 0).then(|| UserId::from(format!("usr_{}", n * 5 % 4).as_str()));
        let event = Event::new(
            category,
            action,
            "member",
            format!("mem_{n}"),
            format!("Target {n}"),
        )
        .subject(subject.as_ref());
        let event = if n % 4 == 0 {
            event
        } else {
            event.workspace(&WorkspaceId::from(format!("ws_{}", n % 3).as_str()))
        };
        (
            beginning + (n as i64 * 10 * DAY / count as i64) - if n % 13 == 0 { HOUR } else { 0 },
            event,
        )
    });
    audit::record_many(&mut tx, &actor, events.collect())
        .await
        .expect("they are recorded");
    tx.commit().await.expect("a commit");
    actor
}

/// Everything that a filter finds, walked by pages of seven from one end.
async fn walk(house: &House, actor: &Actor, filter: &Filter, from_oldest: bool) -> Vec<i64> {
    let mut page = if from_oldest {
        audit::Page::Oldest
    } else {
        audit::Page::Newest
    };
    let mut all = Vec::new();
    loop {
        let listed = audit::list(&house.app, actor, filter, page, 7)
            .await
            .expect("a page");
        let seqs: Vec<i64> = listed.events.iter().map(|event| event.seq).collect();
        assert!(seqs.is_sorted_by(|a, b| a > b), "newest first: {seqs:?}");
        let (more, end) = if from_oldest {
            (listed.has_newer, seqs.first())
        } else {
            (listed.has_older, seqs.last())
        };
        let end = end.copied();
        match from_oldest {
            true => all.extend(seqs.into_iter().rev()),
            false => all.extend(seqs),
        }
        let Some(end) = end.filter(|_| more) else {
            return all;
        };
        page = if from_oldest {
            audit::Page::After(end)
        } else {
            audit::Page::Before(end)
        };
    }
}

fn every_filter(now: i64) -> Vec<Filter> {
    let mut filters = Vec::new();
    let midnight = now - now.rem_euclid(DAY);
    for workspace in [None, Some("ws_1"), Some("ws_nowhere")] {
        for member in [None, Some("usr_2"), Some("system"), Some("usr_nobody")] {
            for kind in [
                None,
                Some(Kind::Category(Category::Access)),
                Some(Kind::Action("run.finished".into())),
            ] {
                for (from, until) in [
                    (None, None),
                    (Some(midnight - 4 * DAY), Some(midnight - 2 * DAY)),
                    (None, Some(midnight - 7 * DAY)),
                ] {
                    filters.push(Filter {
                        workspace: workspace.map(WorkspaceId::from),
                        member: member.map(UserId::from),
                        kind: kind.clone(),
                        from,
                        until,
                    });
                }
            }
        }
    }
    filters
}

#[tokio::test]
async fn s1_80_walking_any_filter_from_either_end_meets_every_event_that_fits_once() {
    let house = House::start().await;
    let actor = crowd(&house, 600).await;
    let everything = audit::list(
        &house.app,
        &actor,
        &Filter::default(),
        audit::Page::Newest,
        10_000,
    )
    .await
    .expect("all")
    .events;
    assert!(everything.len() > 600);
    let mut found_some = 0;
    for filter in every_filter(house.app.now()) {
        let fits = |e: &&audit::EventRow| {
            filter
                .workspace
                .as_ref()
                .is_none_or(|w| e.workspace_id.as_deref() == Some(w.as_str()))
                && filter.member.as_ref().is_none_or(|m| {
                    e.actor_id == m.as_str() || e.subject_id.as_deref() == Some(m.as_str())
                })
                && match &filter.kind {
                    None => true,
                    Some(Kind::Category(category)) => e.category == category.as_str(),
                    Some(Kind::Action(action)) => e.action == *action,
                }
                && filter.from.is_none_or(|from| e.at >= from)
                && filter.until.is_none_or(|until| e.at < until)
        };
        let mut expected: Vec<i64> = everything.iter().filter(fits).map(|e| e.seq).collect();
        assert_eq!(
            walk(&house, &actor, &filter, false).await,
            expected,
            "{filter:?}"
        );
        found_some += usize::from(!expected.is_empty());
        expected.reverse();
        assert_eq!(
            walk(&house, &actor, &filter, true).await,
            expected,
            "{filter:?} from the oldest"
        );
    }
    assert!(found_some > 20, "{found_some} filters found anything");
}

#[tokio::test]
async fn sec_r15_no_page_of_the_log_reads_more_than_its_own_part_of_an_index() {
    let house = House::start().await;
    let actor = crowd(&house, 3_000).await;
    let mut database = Database::open(&house.database_url).await;
    let is_sqlite = database.is_sqlite();
    if !is_sqlite {
        database.run("ANALYZE").await;
    }
    for filter in every_filter(house.app.now()) {
        for page in [
            audit::Page::Newest,
            audit::Page::Before(700),
            audit::Page::After(700),
            audit::Page::Oldest,
        ] {
            let plan = audit::explain(&house.app, &actor.org.id, &filter, page)
                .await
                .expect("a plan");
            for line in &plan {
                let scan = line.contains("SCAN audit")
                    || line.contains("SCAN e")
                    || line.contains("Seq Scan");
                let sorts = line.contains("TEMP B-TREE") && is_sqlite && !line.contains("ORDER BY");
                assert!(!scan && !sorts, "{filter:?} {page:?}: {plan:#?}");
            }
        }
    }
}

#[tokio::test]
async fn s1_80_a_database_from_before_there_were_tags_is_listed_when_it_is_opened() {
    let (house, mut acme) = started().await;
    let before = sentences(&acme.alice.get(&query(&[("what", "access")])).await);
    assert!(before.len() > 5);
    for table in ["audit_tags", "audit_days", "audit_actions"] {
        house.execute(&format!("DELETE FROM {table}")).await;
    }
    assert_eq!(
        sentences(&acme.alice.get(&query(&[("what", "access")])).await),
        Vec::<String>::new()
    );
    let config = roster::config::Config {
        ..house.app.config.clone()
    };
    let again = roster::app::App::open(config, house.clock.clone())
        .await
        .expect("it opens");
    again.db.close().await;
    assert_eq!(
        sentences(&acme.alice.get(&query(&[("what", "access")])).await),
        before
    );
}

#[tokio::test]
async fn s4_11_what_is_written_about_a_private_thing_names_nothing() {
    let house = House::start().await;
    let actor = crowd(&house, 1).await;
    let mut tx = house.app.db.begin().await.expect("a write");
    let event = Event::new(
        Category::Resource,
        "resource.created",
        "chat",
        "res_1",
        "My secret chat",
    )
    .with("title", "My secret chat");
    audit::record_many(&mut tx, &actor, vec![(house.app.now(), event)])
        .await
        .expect("it is recorded");
    tx.commit().await.expect("a commit");
    let mut alice = house.sign_in("alice@acme.test").await;
    let client = house.client("alice@acme.test").await;
    let listed: Value = client
        .get(&format!("/organizations/{}/audit", actor.org.id))
        .await
        .json;
    let page = alice.get(LOG).await;
    assert!(listed.to_string().contains("resource.created"));
    for text in [listed.to_string(), page.body] {
        assert!(!text.contains("secret"), "{text}");
    }
}
