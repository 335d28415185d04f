//! A random organization, and what its people may do in it, written down as slowly and plainly as the rules are told
//! (product.md, 2 and 3). Knows nothing of how Roster decides.

use proptest::prelude::*;

pub const PEOPLE: usize = 5;
pub const ACTIONS: [&str; 5] = ["view", "run", "create", "edit", "delete"];

#[derive(Clone, Debug)]
pub struct World {
    /// What each person is in the organization; `None`: nothing.
    pub roles: Vec<Option<&'static str>>,
    pub suspended: Vec<bool>,
    pub admins_enter: bool,
    /// Whether each workspace is in the organization.
    pub in_organization: Vec<bool>,
    pub rows: Vec<Row>,
    pub custom_roles: Vec<Vec<Line>>,
    pub things: Vec<Thing>,
    pub limits: Vec<LimitTo>,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub person: usize,
    pub workspace: usize,
    pub direct: bool,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    Fixed(&'static str),
    Custom(usize),
}

#[derive(Clone, Debug)]
pub struct Line {
    pub kind: &'static str,
    pub thing: Option<usize>,
    pub actions: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub struct Thing {
    pub kind: &'static str,
    /// `None`: the organization's own, or private.
    pub workspace: Option<usize>,
    pub parent: Option<usize>,
    pub owner: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct LimitTo {
    pub person: usize,
    pub workspace: usize,
    pub kind: &'static str,
    pub things: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    No,
    /// As if it weren't there.
    Nothing,
}

/// What members may write.
const OPEN_TO_MEMBERS: [&str; 5] = ["app", "table", "field", "dashboard", "chat"];

impl World {
    fn chain(&self, thing: usize) -> Vec<usize> {
        let mut chain = vec![thing];
        while let Some(parent) = self.things[*chain.last().unwrap()].parent {
            chain.push(parent);
        }
        chain
    }

    fn rows_of(&self, person: usize, workspace: usize) -> Vec<&Row> {
        self.rows
            .iter()
            .filter(|row| row.person == person && row.workspace == workspace)
            .collect()
    }

    /// The organization role, where there is one and the person isn't suspended.
    fn acting(&self, person: usize) -> Option<&'static str> {
        self.roles[person].filter(|_| !self.suspended[person])
    }

    /// Whether somebody can open a workspace at all.
    pub fn opens(&self, person: usize, workspace: usize) -> bool {
        let has_row = !self.rows_of(person, workspace).is_empty();
        if !self.in_organization[workspace] {
            return has_row;
        }
        let manages = matches!(self.acting(person), Some("owner" | "admin"));
        self.acting(person).is_some() && (has_row || (manages && self.admins_enter))
    }

    /// The world after somebody was set to one role in a workspace, or to none.
    pub fn after_setting(&self, person: usize, workspace: usize, role: Option<Role>) -> Self {
        let mut world = self.clone();
        let direct = !self.in_organization[workspace]
            || self.rows_of(person, workspace).iter().any(|row| row.direct);
        world
            .rows
            .retain(|row| row.person != person || row.workspace != workspace);
        world.rows.extend(role.map(|role| Row {
            person,
            workspace,
            direct,
            role,
        }));
        world
    }

    pub fn may(&self, person: usize, action: &str, thing: usize) -> Verdict {
        match self.can(person, action, thing) {
            true => Verdict::Yes,
            false if self.can(person, "view", thing) => Verdict::No,
            false => Verdict::Nothing,
        }
    }

    fn can(&self, person: usize, action: &str, thing: usize) -> bool {
        let it = &self.things[thing];
        let standalone = it
            .workspace
            .is_some_and(|workspace| !self.in_organization[workspace]);
        if !standalone && self.acting(person).is_none() {
            return false;
        }
        let reads_only = !standalone && self.acting(person) == Some("viewer");
        if reads_only && action != "view" {
            return false;
        }
        if it.kind == "chat" {
            return it.owner == Some(person);
        }
        let Some(workspace) = it.workspace else {
            return self.can_in_organization(person, action, it.kind);
        };
        let mut rows: Vec<Role> = self
            .rows_of(person, workspace)
            .iter()
            .map(|row| row.role)
            .collect();
        let manages = matches!(self.acting(person), Some("owner" | "admin"));
        if rows.is_empty() && !standalone && manages && self.admins_enter {
            rows.push(Role::Fixed("admin"));
        }
        let limited = !rows
            .iter()
            .any(|role| matches!(role, Role::Fixed("admin" | "owner")));
        rows.iter()
            .any(|role| self.role_lists(*role, action, thing))
            && (!limited || self.is_granted(person, workspace, thing))
    }

    fn can_in_organization(&self, person: usize, action: &str, kind: &str) -> bool {
        let role = self.acting(person).unwrap();
        match action {
            "view" => true,
            "run" => matches!(role, "owner" | "admin" | "member"),
            _ => {
                matches!(role, "owner" | "admin")
                    || (role == "member" && OPEN_TO_MEMBERS.contains(&kind))
            }
        }
    }

    fn role_lists(&self, role: Role, action: &str, thing: usize) -> bool {
        let kind = self.things[thing].kind;
        match role {
            Role::Fixed("viewer") => action == "view",
            Role::Fixed("member") => {
                matches!(action, "view" | "run") || OPEN_TO_MEMBERS.contains(&kind)
            }
            Role::Fixed(_) => true,
            Role::Custom(role) => self.custom_roles[role].iter().any(|line| {
                line.actions.contains(&action)
                    && match line.thing {
                        None => line.kind == kind,
                        Some(root) => self.chain(thing).contains(&root),
                    }
            }),
        }
    }

    fn is_granted(&self, person: usize, workspace: usize, thing: usize) -> bool {
        let chain = self.chain(thing);
        let limits = self
            .limits
            .iter()
            .filter(|limit| limit.person == person && limit.workspace == workspace);
        limits
            .filter(|limit| {
                chain
                    .iter()
                    .any(|link| self.things[*link].kind == limit.kind)
            })
            .all(|limit| chain.iter().any(|link| limit.things.contains(link)))
    }
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        3 => prop::sample::select(vec!["viewer", "member", "admin", "owner"]).prop_map(Role::Fixed),
        2 => (0..2_usize).prop_map(Role::Custom),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    let kind = prop::sample::select(vec!["app", "table", "field", "monitor"]);
    (
        kind,
        prop::option::of(0..2 * IN_WORKSPACE),
        prop::sample::subsequence(ACTIONS.to_vec(), 1..=5),
    )
        .prop_map(|(kind, thing, actions)| Line {
            kind,
            thing,
            actions,
        })
}

/// Things in each workspace: one of each of four kinds, and once more.
const IN_WORKSPACE: usize = 8;

/// In each of two workspaces two monitors and two of app > table > field, the organization's dashboard, somebody's chat.
fn things() -> impl Strategy<Value = Vec<Thing>> {
    (0..PEOPLE).prop_map(|owner| {
        let mut things = Vec::new();
        for workspace in 0..2 {
            while things.len() < (workspace + 1) * IN_WORKSPACE {
                let start = things.len();
                for (kind, parent) in [
                    ("monitor", None),
                    ("app", None),
                    ("table", Some(start + 1)),
                    ("field", Some(start + 2)),
                ] {
                    things.push(Thing {
                        kind,
                        workspace: Some(workspace),
                        parent,
                        owner: None,
                    });
                }
            }
        }
        things.push(Thing {
            kind: "dashboard",
            workspace: None,
            parent: None,
            owner: None,
        });
        things.push(Thing {
            kind: "chat",
            workspace: None,
            parent: None,
            owner: Some(owner),
        });
        things
    })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..PEOPLE, 0..2_usize, any::<bool>(), role());
    prop::collection::vec(
        row.prop_map(|(person, workspace, direct, role)| Row {
            person,
            workspace,
            direct,
            role,
        }),
        0..9,
    )
}

/// Kinds that people are limited in.
pub const LIMITABLE: [&str; 4] = ["monitor", "app", "table", "field"];

/// The first or second thing of such a kind in a workspace.
pub fn limitable(workspace: usize, kind: usize, nth: usize) -> usize {
    workspace * IN_WORKSPACE + nth * LIMITABLE.len() + kind
}

fn limits() -> impl Strategy<Value = Vec<LimitTo>> {
    let granted = prop::sample::subsequence(vec![0, 1], 0..=2);
    let limit = (0..PEOPLE, 0..2_usize, 0..4_usize, granted).prop_map(
        |(person, workspace, kind, granted)| LimitTo {
            person,
            workspace,
            kind: LIMITABLE[kind],
            things: granted
                .into_iter()
                .map(|nth| limitable(workspace, kind, nth))
                .collect(),
        },
    );
    prop::collection::vec(limit, 0..6)
}

/// Any organization. One person has one row of a source in a workspace, and one limit of a kind.
pub fn world() -> impl Strategy<Value = World> {
    let member = prop::option::weighted(
        0.9,
        prop::sample::select(vec![
            "owner", "admin", "billing", "member", "member", "viewer",
        ]),
    );
    (
        prop::collection::vec(member, PEOPLE),
        prop::collection::vec(prop::bool::weighted(0.1), PEOPLE),
        any::<bool>(),
        prop::collection::vec(prop::bool::weighted(0.8), 2),
        rows(),
        prop::collection::vec(prop::collection::vec(line(), 0..4), 2),
        things(),
        limits(),
    )
        .prop_map(
            |(
                roles,
                suspended,
                admins_enter,
                in_organization,
                mut rows,
                mut custom_roles,
                things,
                mut limits,
            )| {
                let mut seen = Vec::new();
                rows.retain(|row| first(&mut seen, (row.person, row.workspace, row.direct)));
                // A custom role is the organization's: standalone workspaces have none.
                rows.retain(|row| {
                    in_organization[row.workspace] || matches!(row.role, Role::Fixed(_))
                });
                let mut seen = Vec::new();
                limits
                    .retain(|limit| first(&mut seen, (limit.person, limit.workspace, limit.kind)));
                for lines in &mut custom_roles {
                    let mut seen = Vec::new();
                    lines.retain(|line| {
                        first(
                            &mut seen,
                            (line.thing.is_none().then_some(line.kind), line.thing),
                        )
                    });
                    for line in lines {
                        line.kind = line.thing.map_or(line.kind, |thing| things[thing].kind);
                    }
                }
                World {
                    roles,
                    suspended,
                    admins_enter,
                    in_organization,
                    rows,
                    custom_roles,
                    things,
                    limits,
                }
            },
        )
}

fn first<T: PartialEq>(seen: &mut Vec<T>, one: T) -> bool {
    let new = !seen.contains(&one);
    seen.push(one);
    new
}
