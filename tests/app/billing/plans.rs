//! The plans file, and the operator who sets plans.

use crate::support::{House, Program, acme};

#[tokio::test]
async fn a_wrong_plans_file_stops_the_start_with_the_line() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let program = Program::new(folder.path())
        .set("ROSTER_LISTEN", "127.0.0.1:0")
        .set("ROSTER_PLANS", "plans.toml");
    program
        .run(&["serve"])
        .await
        .assert_code(1)
        .assert_says("ROSTER_PLANS (--plans): plans.toml can't be read");
    program.file(
        "plans.toml",
        "[[plan]]\nid = \"free\"\nname = \"Free\"\n\n[plan.limits]\nworkspaces = \"many\"\n",
    );
    let ran = program
        .run(&["serve"])
        .await
        .assert_code(1)
        .assert_says("ROSTER_PLANS (--plans): plans.toml, line 6: ");
    assert_eq!(
        ran.err.trim().lines().count(),
        1,
        "one sentence: {}",
        ran.err
    );
    assert!(
        !folder.path().join("roster.db").exists(),
        "nothing was made"
    );
    program.file(
        "plans.toml",
        "[[plan]]\nid = \"all\"\nname = \"Everything\"\n",
    );
    program
        .run(&["plan", "list"])
        .await
        .assert_code(0)
        .assert_says("all Everything")
        .assert_says("no limits");
    program.start(&["serve"]).read_until("Roster is on");
}

#[tokio::test]
async fn s4_20_the_operator_sets_each_organizations_plan_and_it_stands_in_its_log() {
    let house = House::start().await;
    let mut acme = acme(&house).await;
    let program = Program::beside(&house);
    let (acme_corp, globex) = (
        ["--organization", "acme-corp"],
        ["--organization", "globex"],
    );
    program
        .run(&["plan", "list"])
        .await
        .assert_code(0)
        .assert_says("team Team")
        .assert_says("with agents, ci_keys, compare");
    program
        .run(&["plan", "show", acme_corp[0], acme_corp[1]])
        .await
        .assert_code(0)
        .assert_says("Acme Corp is on the plan Free (free).");
    let set = ["plan", "set", acme_corp[0], acme_corp[1], "team"];
    program
        .run(&set)
        .await
        .assert_code(0)
        .assert_says("Acme Corp is on the plan Team now; it was on Free.");
    program
        .run(&set)
        .await
        .assert_code(0)
        .assert_says("is on the plan Team already. Nothing was changed.");
    program
        .run(&["plan", "set", globex[0], globex[1], "gold"])
        .await
        .assert_code(1)
        .assert_says("There is no plan “gold”. Plans are free, team");
    program
        .run(&["plan", "show", globex[0], globex[1]])
        .await
        .assert_says("Globex is on the plan Free (free).");
    program
        .run(&["plan", "show", acme_corp[0], acme_corp[1]])
        .await
        .assert_says("Acme Corp is on the plan Team (team).");
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM audit_events WHERE category = 'billing'")
            .await,
        1
    );
    acme.alice
        .get("/orgs/acme-corp/audit")
        .await
        .assert_status(200)
        .assert_says("changed the plan of Acme Corp from Free to Team");
}
