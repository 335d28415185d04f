//! The directory of a large organization: whatever it is sorted and filtered by, walking through its pages meets everybody
//! exactly once and in order, and no page reads the whole table.

use crate::support::House;
use crate::support::database::Database;
use roster::access::{OrgRole, ROLES};
use roster::actor::Actor;
use roster::members::{self, Entry, Filter, Listed, Page, Sort, StatusFilter};
use std::cmp::Ordering;

const SORTS: [Sort; 6] = [
    Sort::Name,
    Sort::Email,
    Sort::Role,
    Sort::Workspaces,
    Sort::LastActive,
    Sort::Since,
];
const STATUSES: [StatusFilter; 5] = [
    StatusFilter::All,
    StatusFilter::Active,
    StatusFilter::Invited,
    StatusFilter::Expired,
    StatusFilter::Suspended,
];
const PEOPLE: u64 = 2_400;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// An organization of [`PEOPLE`] made members and its owner: names and times that repeat, every role and status.
pub async fn crowd(house: &House) -> Actor {
    let mut alice = house.sign_in("alice@acme.test").await;
    alice
        .post("/orgs/new", &[("name", "Acme Corp")])
        .await
        .assert_status(303);
    let actor = house.system("acme-corp").await;
    let mut database = Database::open(&house.database_url).await;
    let (org, now) = (actor.org.id.to_string(), house.app.now());
    let mut dice = Dice(7);
    let (mut users, mut rows) = (Vec::new(), Vec::new());
    for n in 0..PEOPLE {
        let name = ["ann", "bea", "cy", "dot", "eve", "finn"][dice.below(6) as usize];
        let (role, rank) = if n % 200 == 0 {
            ("admin", 1)
        } else {
            [("billing", 2), ("member", 3), ("viewer", 4)][dice.below(3) as usize]
        };
        let status = [
            "active",
            "active",
            "active",
            "active",
            "active",
            "suspended",
            "invited",
            "invited",
        ][dice.below(8) as usize];
        let invited = status == "invited";
        let user = if invited {
            "NULL".to_owned()
        } else {
            format!("'usr_{n:05}'")
        };
        if !invited {
            users.push(format!("('usr_{n:05}', '{name}', 'active', 0)"));
        }
        let ends = if invited {
            (now + dice.below(200) as i64 * roster::clock::HOUR - 100 * roster::clock::HOUR)
                .to_string()
        } else {
            "NULL".into()
        };
        let (active, since, workspaces) = (dice.below(40), dice.below(90), dice.below(5));
        let email = format!("{name}{n:05}@acme.test");
        rows.push(format!(
            "('mem_{:05}', {n}, '{org}', {user}, '{role}', '{status}', '{name}', '{email}', '{name}', '{name} {email}', {rank}, TRUE, TRUE, {active}, {since}, {workspaces}, {ends})",
            (n * 7919) % 99_991
        ));
    }
    let columns = "id, n, org_id, user_id, role, status, name, email, sort_name, search, role_rank, verified, claimed, last_active_at, since, workspaces, expires_at";
    for chunk in users.chunks(400) {
        database
            .run(&format!(
                "INSERT INTO users (id, name, status, created_at) VALUES {}",
                chunk.join(", ")
            ))
            .await;
    }
    for chunk in rows.chunks(400) {
        database
            .run(&format!(
                "INSERT INTO members ({columns}) VALUES {}",
                chunk.join(", ")
            ))
            .await;
    }
    let counts = "members = (SELECT COUNT(*) FROM members WHERE status <> 'invited'), invited = (SELECT COUNT(*) FROM members WHERE status = 'invited')";
    database
        .run(&format!("UPDATE organizations SET {counts}"))
        .await;
    if !database.is_sqlite() {
        database.run("ANALYZE members").await;
    }
    house.system("acme-corp").await
}

async fn page(house: &House, actor: &Actor, filter: &Filter, page: Page) -> Listed {
    members::list(
        &house.app,
        actor,
        &Filter {
            page,
            ..filter.clone()
        },
    )
    .await
    .expect("a page")
}

/// Every row, from the first page on or from the last page back.
async fn walk(house: &House, actor: &Actor, filter: &Filter, back: bool) -> Vec<Entry> {
    let mut listed = page(
        house,
        actor,
        filter,
        if back { Page::Last } else { Page::First },
    )
    .await;
    let mut all = Vec::new();
    loop {
        if let Some(total) = listed.total {
            let expected = if back {
                total - (all.len() + listed.entries.len()) as i64 + 1
            } else {
                all.len() as i64 + 1
            };
            assert_eq!(listed.from, expected, "the place in the list, {filter:?}");
        }
        let next = if back {
            listed.previous.map(Page::Before)
        } else {
            listed.next.map(Page::After)
        };
        if back {
            listed.entries.extend(all);
            all = listed.entries;
        } else {
            all.extend(listed.entries);
        }
        match next {
            Some(cursor) => listed = page(house, actor, filter, cursor).await,
            None => return all,
        }
    }
}

/// The rule, written once more and slowly.
fn fits(entry: &Entry, filter: &Filter) -> bool {
    let status = match filter.status {
        StatusFilter::All => true,
        StatusFilter::Active => matches!(
            entry.status,
            members::Status::Active | members::Status::NotSignedIn
        ),
        StatusFilter::Invited => entry.status == members::Status::Invited,
        StatusFilter::Expired => entry.status == members::Status::Expired,
        StatusFilter::Suspended => entry.status == members::Status::Suspended,
    };
    let text = format!("{} {}", entry.name, entry.email).to_lowercase();
    status
        && filter.role.is_none_or(|role| role == entry.role)
        && text.contains(&filter.search.trim().to_lowercase())
}

fn order(a: &Entry, b: &Entry, sort: Sort) -> Ordering {
    let by = match sort {
        Sort::Name => a.name.cmp(&b.name),
        Sort::Email => a.email.cmp(&b.email),
        Sort::Role => a.role.rank().cmp(&b.role.rank()),
        Sort::Workspaces => a.workspaces.cmp(&b.workspaces),
        Sort::LastActive => a.last_active_at.cmp(&b.last_active_at),
        Sort::Since => a.since.cmp(&b.since),
    };
    by.then_with(|| a.id.as_str().cmp(b.id.as_str()))
}

fn ids(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.to_string()).collect()
}

#[tokio::test]
async fn s3_40_s3_42_sec_h8_walking_the_pages_meets_everybody_once_and_in_order() {
    let house = House::start().await;
    let actor = crowd(&house).await;
    let everybody = walk(
        &house,
        &actor,
        &Filter {
            limit: 100,
            ..Filter::default()
        },
        false,
    )
    .await;
    assert_eq!(everybody.len() as u64, PEOPLE + 1);
    let mut dice = Dice(11);
    let mut filters: Vec<Filter> = Vec::new();
    for sort in SORTS {
        for descending in [false, true] {
            filters.push(Filter {
                sort,
                descending,
                limit: 100,
                ..Filter::default()
            });
            for _ in 0..4 {
                let search = [
                    "",
                    "",
                    "ann",
                    "finn0",
                    "EVE",
                    "test",
                    "y0",
                    "00",
                    "nobody",
                    "cy00013@acme.test",
                    "t",
                    "st",
                    "3@",
                    "q",
                    "n0001",
                ][dice.below(15) as usize];
                let role: Option<OrgRole> = [
                    None,
                    None,
                    Some(ROLES[dice.below(ROLES.len() as u64) as usize]),
                ][dice.below(3) as usize];
                let status = STATUSES[dice.below(5) as usize];
                let limit = [7, 50, 100][dice.below(3) as usize];
                filters.push(Filter {
                    search: search.into(),
                    role,
                    status,
                    sort,
                    descending,
                    limit,
                    ..Filter::default()
                });
            }
        }
    }
    for filter in &filters {
        let mut expected: Vec<Entry> = everybody
            .iter()
            .filter(|entry| fits(entry, filter))
            .cloned()
            .collect();
        expected.sort_by(|a, b| {
            if filter.descending {
                order(b, a, filter.sort)
            } else {
                order(a, b, filter.sort)
            }
        });
        for back in [false, true] {
            let walked = walk(&house, &actor, filter, back).await;
            assert_eq!(ids(&walked), ids(&expected), "{filter:?}, back: {back}");
        }
    }
}

#[tokio::test]
async fn s3_40_a_page_goes_on_where_the_last_one_ended_when_its_last_row_is_gone() {
    let house = House::start().await;
    let actor = crowd(&house).await;
    let filter = Filter {
        limit: 50,
        ..Filter::default()
    };
    let first = page(&house, &actor, &filter, Page::First).await;
    let expected = page(
        &house,
        &actor,
        &filter,
        Page::After(first.next.clone().expect("a second page")),
    )
    .await;
    let last = first.entries.last().expect("a row");
    Database::open(&house.database_url)
        .await
        .run(&format!("DELETE FROM members WHERE id = '{}'", last.id))
        .await;
    let second = page(
        &house,
        &actor,
        &filter,
        Page::After(first.next.expect("a second page")),
    )
    .await;
    assert_eq!(ids(&second.entries), ids(&expected.entries));
}

#[tokio::test]
async fn sec_h8_a_cursor_of_another_list_or_made_by_hand_is_refused() {
    let house = House::start().await;
    let actor = crowd(&house).await;
    let by_name = Filter {
        limit: 50,
        ..Filter::default()
    };
    let cursor = page(&house, &actor, &by_name, Page::First)
        .await
        .next
        .expect("a second page");
    let mut forged = vec![
        cursor[..cursor.len() - 3].to_owned(),
        "x".into(),
        "e30".into(),
    ];
    let raw = String::from_utf8(base64(&cursor)).expect("text");
    for (from, to) in [
        ("\"key\":\"", "\"key\":7,\"x\":\""),
        ("\"key\":\"", "\"key\":\"\\u0000"),
        ("\"at\":50", "\"at\":9223372036854775807"),
        ("\"at\":50", "\"at\":-1"),
    ] {
        let changed = raw.replace(from, to);
        assert_ne!(changed, raw, "{from} stands in {raw}");
        forged.push(unbase64(changed.as_bytes()));
    }
    let mut filters = vec![Filter {
        page: Page::After(cursor),
        sort: Sort::Since,
        ..by_name.clone()
    }];
    filters.extend(forged.into_iter().map(|text| Filter {
        page: Page::After(text),
        ..by_name.clone()
    }));
    for filter in filters {
        let refused = members::list(&house.app, &actor, &filter)
            .await
            .expect_err("it is refused");
        assert!(
            matches!(refused, roster::error::Refusal::Invalid(_)),
            "{filter:?}: {refused}"
        );
    }
}

fn base64(text: &str) -> Vec<u8> {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .expect("base64")
}

fn unbase64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn sec_r15_no_page_of_the_directory_reads_the_whole_table() {
    let house = House::start().await;
    let actor = crowd(&house).await;
    let mut wrong = Vec::new();
    for sort in SORTS {
        for (search, role, status) in [
            ("", None, StatusFilter::All),
            ("cy00013@", None, StatusFilter::All),
            ("test", None, StatusFilter::All),
            ("y0", None, StatusFilter::All),
            ("", Some(OrgRole::Admin), StatusFilter::All),
            ("", Some(OrgRole::Member), StatusFilter::All),
            ("", None, StatusFilter::Invited),
            ("", None, StatusFilter::Expired),
            ("", None, StatusFilter::Suspended),
            ("finn", Some(OrgRole::Viewer), StatusFilter::Active),
        ] {
            let filter = Filter {
                search: search.into(),
                role,
                status,
                sort,
                limit: 50,
                ..Filter::default()
            };
            let bare = search.is_empty() && role.is_none() && status == StatusFilter::All;
            let second = page(&house, &actor, &filter, Page::First)
                .await
                .next
                .map(Page::After);
            for page in [Some(Page::First), Some(Page::Last), second]
                .into_iter()
                .flatten()
            {
                let filter = Filter {
                    page,
                    ..filter.clone()
                };
                let plan = members::explain(&house.app, &actor.org.id, &filter)
                    .await
                    .expect("a plan");
                let scans = |line: &String| {
                    line.contains("Seq Scan")
                        || ["SCAN m", "SCAN i"]
                            .iter()
                            .any(|scan| line == scan || line.starts_with(&format!("{scan} ")))
                };
                let sorts = |line: &String| line.contains("TEMP B-TREE") || line.contains("Sort");
                if plan.iter().any(scans) || bare && plan.iter().any(sorts) {
                    wrong.push(format!("{filter:?}\n    {}", plan.join("\n    ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn sec_r15_rare_letters_and_a_small_workspace_are_looked_up_and_not_searched_for() {
    let house = House::start().await;
    let actor = crowd(&house).await;
    let mut database = Database::open(&house.database_url).await;
    database
        .run(
            "INSERT INTO workspaces (id, org_id, name, sort_name, slug, created_at)
                 SELECT 'ws_small', id, 'Small', 'small', 'small', 0 FROM organizations WHERE slug = 'acme-corp';
             INSERT INTO access (workspace_id, user_id, source, role, created_at)
                 SELECT 'ws_small', user_id, 'direct', 'viewer', 0 FROM members WHERE n < 9 AND user_id IS NOT NULL",
        )
        .await;
    let small = Filter {
        workspace: Some("ws_small".into()),
        limit: 50,
        ..Filter::default()
    };
    let found = page(&house, &actor, &small, Page::First).await;
    assert_eq!(
        found.entries.len() as i64,
        database
            .number("SELECT COUNT(*) FROM access WHERE workspace_id = 'ws_small'")
            .await
    );
    assert!(!found.entries.is_empty());
    let plan = members::explain(&house.app, &actor.org.id, &small)
        .await
        .expect("a plan")
        .join("\n");
    assert!(
        !plan.contains("members_by_name"),
        "walks the members by name:\n{plan}"
    );
    for sort in SORTS {
        for (search, is_rare) in [
            ("zq", true),
            ("q", true),
            ("cy00013@", true),
            ("cy00013@acme.test", true),
            ("nobody at all", true),
            ("st", false),
            ("a", false),
            ("acme.test", false),
        ] {
            let filter = Filter {
                search: search.into(),
                sort,
                limit: 50,
                ..Filter::default()
            };
            let plan = members::explain(&house.app, &actor.org.id, &filter)
                .await
                .expect("a plan")
                .join("\n");
            assert_eq!(
                plan.contains("member_runs"),
                is_rare,
                "{search} by {sort:?}: {plan}"
            );
            assert!(!is_rare || !plan.contains("members_by_name"), "{plan}");
        }
    }
}

#[tokio::test]
async fn s1_49_the_first_click_on_a_column_of_dates_puts_the_newest_first_and_the_next_turns_it_round()
 {
    let house = House::start().await;
    let mut acme = crate::support::acme(&house).await;
    let link = |page: &crate::support::Page, label: &str| {
        let at = page
            .all("thead a")
            .iter()
            .position(|head| head == label)
            .expect("a head");
        page.attributes("thead a", "href")[at].clone()
    };
    for (label, first, then) in [
        ("Last active", "descending", "ascending"),
        ("Joined", "descending", "ascending"),
        ("Workspaces", "ascending", "descending"),
    ] {
        let page = acme
            .alice
            .get("/orgs/acme-corp/members")
            .await
            .assert_status(200);
        let page = acme.alice.get(&link(&page, label)).await.assert_status(200);
        assert_eq!(
            page.attribute("th[aria-sort]", "aria-sort").as_deref(),
            Some(first),
            "{label}"
        );
        let page = acme.alice.get(&link(&page, label)).await.assert_status(200);
        assert_eq!(
            page.attribute("th[aria-sort]", "aria-sort").as_deref(),
            Some(then),
            "{label}"
        );
    }
}
