//! The access matrix of a large organization: what a page of it reads is what it shows.

use crate::directory::crowd;
use crate::support::House;
use crate::support::database::Database;
use roster::members::{self, Filter, Page, StatusFilter};
use roster::workspaces::{self, Pages};

/// A hundred workspaces in which every member has a role.
async fn spread(database: &mut Database, org: &str) {
    let workspaces: Vec<String> = (0..100)
        .map(|n| {
            format!("('ws_{n:03}', '{org}', 'Place {n:03}', 'place {n:03}', 'place-{n:03}', 0)")
        })
        .collect();
    database
        .run(&format!(
            "INSERT INTO workspaces (id, org_id, name, sort_name, slug, created_at) VALUES {}",
            workspaces.join(", ")
        ))
        .await;
    database
        .run(&format!(
            "INSERT INTO access (workspace_id, user_id, source, role, created_at)
             SELECT w.id, m.user_id, 'direct', 'member', 0 FROM workspaces w JOIN members m ON m.org_id = w.org_id
             WHERE w.org_id = '{org}' AND m.user_id IS NOT NULL;
             UPDATE workspaces SET people = (SELECT COUNT(*) FROM access a WHERE a.workspace_id = workspaces.id);
             UPDATE members SET workspaces = 100 WHERE org_id = '{org}' AND user_id IS NOT NULL;
             UPDATE organizations SET workspaces = 100 WHERE id = '{org}'"
        ))
        .await;
    if !database.is_sqlite() {
        database.run("ANALYZE access; ANALYZE workspaces").await;
    }
}

#[tokio::test]
async fn s1_47_sec_r15_no_page_of_the_matrix_reads_more_members_workspaces_or_roles_than_it_shows()
{
    let house = House::start().await;
    let actor = crowd(&house).await;
    let mut database = Database::open(&house.database_url).await;
    spread(&mut database, actor.org.id.as_str()).await;
    let actor = house.system("acme-corp").await;
    let app = &house.app;
    let found = workspaces::search_in(app, &actor, "", Pages::First, 6)
        .await
        .expect("a page");
    assert_eq!((found.listed.len(), found.previous.is_none()), (6, true));
    let rows = Filter {
        status: StatusFilter::Active,
        limit: workspaces::PEOPLE_AT_ONCE as i64,
        ..Filter::default()
    };
    let first = members::list(app, &actor, &rows).await.expect("a page");
    let users: Vec<_> = first
        .entries
        .iter()
        .filter_map(|entry| entry.user.as_ref())
        .collect();
    let ids: Vec<_> = found.listed.iter().map(|one| &one.workspace.id).collect();
    let (next, second) = (
        found.next.expect("a second page"),
        first.next.clone().expect("a second page"),
    );
    let mut plans = Vec::new();
    for (search, after) in [("", ""), ("", &*next), ("place 09", ""), ("nowhere", "")] {
        let (named, roles) = workspaces::explain_matrix(app, &actor, search, after, &users, &ids)
            .await
            .expect("a plan");
        plans.push((format!("roles, {search:?} after {after:?}"), roles));
        plans.push((format!("workspaces, {search:?} after {after:?}"), named));
    }
    for (search, page) in [
        ("", Page::First),
        ("", Page::After(second)),
        ("finn01", Page::First),
    ] {
        let filter = Filter {
            search: search.into(),
            page,
            ..rows.clone()
        };
        plans.push((
            format!("members {search:?}"),
            members::explain(app, &actor.org.id, &filter)
                .await
                .expect("a plan"),
        ));
    }
    for (what, plan) in &plans {
        let text = plan.join("\n");
        for line in plan {
            let reads_all = line.contains("Seq Scan") || line.contains("SCAN ") && line != "SCAN f";
            // Half of the key would be all people of a workspace, or all workspaces of a person.
            let half = line.contains("SEARCH a ")
                && !(line.contains("workspace_id=?") && line.contains("user_id=?"));
            assert!(!reads_all && !half, "{what}: {line} in\n{text}");
        }
    }
    // PostgreSQL says it in two lines.
    let roles = plans[0].1.join("\n");
    assert!(
        database.is_sqlite()
            || roles.contains("(workspace_id = ANY") && roles.contains("(user_id = ANY"),
        "{roles}"
    );
}

#[tokio::test]
async fn s1_33_sec_r15_a_workspace_of_many_shows_everybody_once_and_sorts_none_but_the_page() {
    let house = House::start().await;
    let actor = crowd(&house).await;
    let mut database = Database::open(&house.database_url).await;
    spread(&mut database, actor.org.id.as_str()).await;
    let mut alice = house.sign_in("alice@acme.test").await;
    let (mut met, mut path) = (Vec::new(), "/workspaces/ws_000/members".to_owned());
    loop {
        let page = alice.get(&path).await.assert_status(200);
        met.extend(page.attributes("#list > .card .person a", "href"));
        match page.attribute("a[rel=next]", "href") {
            Some(next) => path = next,
            None => break,
        }
    }
    let everybody = "SELECT '/orgs/acme-corp/members/' || m.id FROM access a JOIN members m ON m.user_id = a.user_id WHERE a.workspace_id = 'ws_000' ORDER BY m.sort_name, m.user_id";
    assert_eq!(met, database.texts(everybody).await);
    for after in [("", ""), ("dot", "usr_01200")] {
        let plan = workspaces::explain_people(&house.app, &actor.org.id, &"ws_000".into(), after)
            .await
            .expect("a plan")
            .join("\n");
        assert!(
            !plan.contains("Seq Scan") && !plan.contains("SCAN m"),
            "{plan}"
        );
        let sorts_all = plan
            .lines()
            .any(|line| line.contains("TEMP B-TREE FOR ORDER BY") && !line.contains("LAST"));
        assert!(plan.contains("members_by_name") && !sorts_all, "{plan}");
    }
}
