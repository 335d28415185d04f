//! One Chromium for each test, one fresh context for each person in it.
//!
//! A person acts by real mouse and key events, because script run through the debugger bypasses the page's
//! Content-Security-Policy and would prove nothing about it. Everything waits for what it needs, ten seconds at most,
//! and fails with what the page shows instead; a picture of it is kept.

#![allow(
    dead_code,
    reason = "stories come and go, and no set of them needs every word of it"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::audits::{EnableParams as EnableAudits, EventIssueAdded};
use chromiumoxide::cdp::browser_protocol::dom::{
    GetContentQuadsParams, ScrollIntoViewIfNeededParams,
};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams,
    SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams,
};
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::page::{
    CreateIsolatedWorldParams, EventFrameRequestedNavigation, EventFrameStartedLoading,
    EventFrameStoppedLoading,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EvaluateParams, EventConsoleApiCalled, EventExceptionThrown,
    RemoteObjectId,
};
use chromiumoxide::error::CdpError;
use chromiumoxide::layout::{ElementQuad, Point};
use chromiumoxide::listeners::EventStream;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{BrowserConfig, Page};
use futures::{FutureExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(25);
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 900;

/// WCAG 2.2 at levels A and AA, and what axe-core's authors advise beyond it.
const AXE_OPTIONS: &str = "{
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    rules: { 'target-size': { enabled: true } },
    resultTypes: ['violations'],
}";

/// What a click can be meant for, and what it is called.
const CLICKABLE: &str = "a[href], button, summary, label, input[type=submit], input[type=button], [role=button], \
    [role=tab], [role=menuitem], [role=option]";

/// A running Chromium; it ends, with all its windows, when this is dropped.
pub struct Browser {
    inner: Mutex<chromiumoxide::Browser>,
    profile: TempDir,
}

impl Browser {
    /// Starts `$CHROMIUM`, or `/usr/bin/chromium`.
    pub async fn start() -> Browser {
        let profile = TempDir::new().expect("a temporary folder");
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
        let config = BrowserConfig::builder()
            .chrome_executable(&program)
            .no_sandbox()
            .new_headless_mode()
            .user_data_dir(profile.path())
            .env("TMPDIR", profile.path().to_string_lossy())
            .window_size(WIDTH, HEIGHT)
            .viewport(None)
            .disable_https_first()
            .request_timeout(Duration::from_secs(30))
            .launch_timeout(Duration::from_secs(60))
            .args(["disable-gpu", "disable-quic", "disable-component-update"])
            .build()
            .unwrap_or_else(|error| panic!("Chromium can't be configured: {error}"));
        let (browser, mut handler) = chromiumoxide::Browser::launch(config)
            .await
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        Browser {
            inner: Mutex::new(browser),
            profile,
        }
    }

    /// Another person with cookies of their own, in front of an empty page.
    pub async fn context(&self) -> Person {
        let mut browser = self.inner.lock().await;
        // Each call makes a context of its own and opens the next page there.
        browser
            .start_incognito_context()
            .await
            .expect("a fresh context");
        let page = browser.new_page("about:blank").await.expect("a page");
        drop(browser);
        page.execute(EnableAudits::default())
            .await
            .expect("reports of the page's policy");
        let events = Events {
            issues: page.event_listener().await.expect("events"),
            requested: page.event_listener().await.expect("events"),
            started: page.event_listener().await.expect("events"),
            stopped: page.event_listener().await.expect("events"),
            log: page.event_listener().await.expect("events"),
            console: page.event_listener().await.expect("events"),
            exceptions: page.event_listener().await.expect("events"),
            complaints: Vec::new(),
        };
        let person = Person {
            page,
            scripts: AtomicBool::new(true),
            patience: PATIENCE,
            events: StdMutex::new(events),
        };
        person.view(WIDTH, false).await;
        person
    }
}

impl Drop for Browser {
    /// Asks Chromium to end and waits for it and its files: killed, it would leave both.
    fn drop(&mut self) {
        let Some(child) = self.inner.get_mut().get_mut_child() else {
            return;
        };
        let Some(id) = child.inner.id() else { return };
        let _ = std::process::Command::new("sh")
            .args(["-c", &format!("kill -TERM {id}")])
            .status();
        for _ in 0..500 {
            std::thread::sleep(Duration::from_millis(10));
            // Its helper processes write for a moment longer.
            if !matches!(child.try_wait(), Ok(None))
                && std::fs::remove_dir_all(self.profile.path()).is_ok()
            {
                return;
            }
        }
    }
}

/// Somebody in front of a window.
pub struct Person {
    page: Page,
    scripts: AtomicBool,
    /// How long everything here waits before it fails the test.
    pub patience: Duration,
    events: StdMutex<Events>,
}

/// What Chromium reported and nobody read yet.
struct Events {
    requested: EventStream<EventFrameRequestedNavigation>,
    started: EventStream<EventFrameStartedLoading>,
    stopped: EventStream<EventFrameStoppedLoading>,
    issues: EventStream<EventIssueAdded>,
    log: EventStream<EventEntryAdded>,
    console: EventStream<EventConsoleApiCalled>,
    exceptions: EventStream<EventExceptionThrown>,
    complaints: Vec<String>,
}

impl Person {
    /// Opens an address and waits until it is loaded.
    pub async fn goto(&self, url: &str) {
        self.forget_navigations();
        if let Err(error) = self.page.goto(url).await {
            self.fail(&format!("{url} can't be opened: {error}")).await;
        }
        self.settle(true).await;
    }

    /// Presses Back.
    pub async fn back(&self) {
        self.forget_navigations();
        let _: Value = self.value("history.back()").await;
        self.settle(true).await;
    }

    /// Clicks into the field, replaces what it holds, and types: a key for each character.
    pub async fn fill(&self, css: &str, text: &str) {
        self.click_point(&first(css), css).await;
        let select_all = DispatchKeyEventParams::builder()
            .key("a")
            .code("KeyA")
            .windows_virtual_key_code(65)
            .modifiers(2) // Ctrl
            .commands(["selectAll".to_owned()]);
        for kind in [
            DispatchKeyEventType::RawKeyDown,
            DispatchKeyEventType::KeyUp,
        ] {
            let event = select_all
                .clone()
                .r#type(kind)
                .build()
                .expect("a key event");
            self.page.execute(event).await.expect("a key event");
        }
        if text.is_empty() {
            self.press("Delete").await;
        }
        for character in text.chars() {
            let key = if character == '\n' {
                "Enter".to_owned()
            } else {
                character.to_string()
            };
            // Characters that no key of an American keyboard makes come as from an input method.
            if self.page_key(&key).await.is_err() {
                self.page
                    .execute(InsertTextParams::new(key))
                    .await
                    .expect("inserted text");
            }
        }
        self.settle(false).await;
    }

    /// Presses one key: `Enter`, `Tab`, `Escape`, `ArrowDown`.
    pub async fn press(&self, key: &str) {
        self.forget_navigations();
        if let Err(error) = self.page_key(key).await {
            self.fail(&format!("the key {key:?} can't be pressed: {error}"))
                .await;
        }
        self.settle(false).await;
    }

    /// Clicks the first visible element of this selector, and waits until what the click started is over: a page load
    /// or a request of htmx.
    pub async fn click(&self, css: &str) {
        self.forget_navigations();
        self.click_point(&first(css), css).await;
        self.settle(false).await;
    }

    /// Clicks the one visible button, link, tab or label that is called exactly this; where none is, the one whose name
    /// contains it. Two of the name fail the test: a person wouldn't know which, either.
    pub async fn click_text(&self, name: &str) {
        self.forget_navigations();
        let find = format!(
            "(() => {{
                const squeeze = (text) => (text || '').replace(/\\s+/g, ' ').trim();
                const called = (e) => squeeze(e.getAttribute('aria-label') || e.innerText || e.value || e.title);
                const seen = [...document.querySelectorAll({css})].filter({VISIBLE});
                const exact = seen.filter((e) => called(e) === {name});
                const found = exact.length ? exact : seen.filter((e) => called(e).includes({name}));
                return found.length === 1 ? found[0] : found.length;
            }})()",
            css = quote(CLICKABLE),
            name = quote(name),
        );
        self.click_point(&find, &format!("a button or link called {name:?}"))
            .await;
        self.settle(false).await;
    }

    /// Chooses an option, by its value or by what it says. Not by the mouse: the list of a headless Chromium can't be
    /// clicked.
    pub async fn select(&self, css: &str, value: &str) {
        self.forget_navigations();
        let script = format!(
            "(() => {{
                const field = {field};
                if (!field) return false;
                const options = [...field.options];
                const option = options.find((o) => o.value === {value}) || options.find((o) => o.text.trim() === {value});
                if (!option) return false;
                field.focus();
                field.value = option.value;
                field.dispatchEvent(new Event('input', {{ bubbles: true }}));
                field.dispatchEvent(new Event('change', {{ bubbles: true }}));
                return true;
            }})()",
            field = first(css),
            value = quote(value),
        );
        self.wait(&format!("the option {value:?} in {css}"), async || {
            (self.evaluate(&script).await.ok()? == Value::Bool(true)).then_some(())
        })
        .await;
        self.settle(false).await;
    }

    /// What the first visible element of this selector says, white space squeezed.
    pub async fn text(&self, css: &str) -> String {
        let script = format!("{}?.innerText", first(css));
        let text = self
            .wait(css, async || {
                self.evaluate(&script)
                    .await
                    .ok()?
                    .as_str()
                    .map(str::to_owned)
            })
            .await;
        squeeze(&text)
    }

    /// Waits until the page shows this text, wherever it breaks its lines.
    pub async fn wait_text(&self, text: &str) {
        let wanted = squeeze(text);
        self.wait(&format!("the text {text:?}"), async || {
            self.shown().await.contains(&wanted).then_some(())
        })
        .await;
    }

    /// Waits until the page no longer shows this text.
    pub async fn wait_no_text(&self, text: &str) {
        let unwanted = squeeze(text);
        self.wait(&format!("the text {text:?} to go away"), async || {
            (!self.shown().await.contains(&unwanted)).then_some(())
        })
        .await;
    }

    /// How many visible elements there are of this selector, now.
    pub async fn count(&self, css: &str) -> usize {
        let script = format!(
            "[...document.querySelectorAll({})].filter({VISIBLE}).length",
            quote(css)
        );
        self.value::<usize>(&script).await
    }

    pub async fn url(&self) -> String {
        self.value("location.href").await
    }

    /// Everything the page shows, white space squeezed.
    pub async fn shown(&self) -> String {
        match self.evaluate("document.body?.innerText").await {
            Ok(Value::String(text)) => squeeze(&text),
            _ => String::new(),
        }
    }

    /// The result of an expression, for what no person can see. It runs outside the page's policy.
    pub async fn value<T: serde::de::DeserializeOwned>(&self, expression: &str) -> T {
        match self.evaluate(expression).await.map(serde_json::from_value) {
            Ok(Ok(value)) => value,
            other => {
                self.fail(&format!(
                    "`{expression}` has no such value: {other:?}",
                    other = other.err()
                ))
                .await
            }
        }
    }

    /// A picture of the whole page as PNG, at this width, in the light or dark colours.
    pub async fn screenshot(&self, path: impl AsRef<Path>, width: u32, dark: bool) {
        self.view(width, dark).await;
        let picture = self
            .page
            .screenshot(ScreenshotParams::builder().full_page(true).build())
            .await;
        self.view(WIDTH, false).await;
        let path = path.as_ref();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder for pictures");
        }
        std::fs::write(path, picture.expect("a picture")).expect("a picture's file");
    }

    /// From now on the window has this width and these colours.
    pub async fn view(&self, width: u32, dark: bool) {
        let metrics = SetDeviceMetricsOverrideParams::new(width, HEIGHT, 1.0, false);
        self.page.execute(metrics).await.expect("a window size");
        let feature = |name: &str, value: &str| MediaFeature::new(name, value);
        let media = SetEmulatedMediaParams::builder().features([
            feature("prefers-color-scheme", if dark { "dark" } else { "light" }),
            // Nothing is measured or pictured in the middle of a movement.
            feature("prefers-reduced-motion", "reduce"),
        ]);
        self.page
            .execute(media.build())
            .await
            .expect("media features");
    }

    /// Turns the pages' own scripts off or on, from the next page on.
    pub async fn javascript(&self, on: bool) {
        self.page
            .execute(SetScriptExecutionDisabledParams::new(!on))
            .await
            .expect("scripts switched");
        self.scripts.store(on, Relaxed);
    }

    /// What axe-core finds wrong with the page, a string for each rule. Works on pages without JavaScript too. It runs
    /// in a world of its own, so the page's policy stays in force and a violation of it still shows in
    /// `console_errors`.
    pub async fn axe(&self) -> Vec<String> {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "axe-core is missing, run `npm ci`: {}: {error}",
                file.display()
            )
        });
        // axe-core needs timers and promises. What the page's scripts would have done at its load stays undone.
        let off = !self.scripts.load(Relaxed);
        if off {
            self.page
                .execute(SetScriptExecutionDisabledParams::new(false))
                .await
                .expect("scripts switched");
        }
        let frame = self
            .page
            .mainframe()
            .await
            .expect("a page")
            .expect("a frame");
        let world = self
            .page
            .execute(CreateIsolatedWorldParams::new(frame))
            .await
            .expect("a world for axe-core");
        let report = EvaluateParams::builder()
            .expression(format!(
                "{axe};\naxe.run(document, {AXE_OPTIONS}).then((r) => r.violations)"
            ))
            .context_id(world.result.execution_context_id)
            .await_promise(true)
            .return_by_value(true)
            .build()
            .expect("an expression");
        let report = self
            .page
            .execute(report)
            .await
            .expect("a report of axe-core")
            .result;
        if off {
            self.page
                .execute(SetScriptExecutionDisabledParams::new(true))
                .await
                .expect("scripts switched");
        }
        if let Some(exception) = report.exception_details {
            self.fail(&format!("axe-core does not run: {exception:?}"))
                .await;
        }
        let violations = report.result.value.unwrap_or_default();
        violations
            .as_array()
            .expect("a list of violations")
            .iter()
            .map(violation)
            .collect()
    }

    /// What Chromium's console complained about since the last call: script errors, violations of the policy, missing
    /// files. A form that comes back with 422 is an answer and no complaint.
    pub async fn console_errors(&self) -> Vec<String> {
        let _ = self.evaluate("1").await;
        let mut events = self.events.lock().expect("no test panicked here");
        events.read_complaints();
        std::mem::take(&mut events.complaints)
    }

    async fn page_key(&self, key: &str) -> Result<(), CdpError> {
        self.page
            .find_element("html")
            .await?
            .press_key(key)
            .await
            .map(drop)
    }

    /// Clicks where the element is that the expression finds.
    async fn click_point(&self, find: &str, what: &str) {
        let point = self
            .wait(what, async || self.point(find).await.ok().flatten())
            .await;
        self.page.click(point).await.expect("a click");
    }

    /// The middle of the element, once it is in the window, and nothing lies over it.
    async fn point(&self, find: &str) -> Result<Option<Point>, CdpError> {
        let found = self
            .page
            .execute(EvaluateParams::new(find))
            .await?
            .result
            .result;
        let Some(object) = found.object_id else {
            return Ok(None);
        };
        let place = async |object: &RemoteObjectId| {
            let quads = GetContentQuadsParams::builder()
                .object_id(object.clone())
                .build();
            let quads = self.page.execute(quads).await?.result.quads;
            let quad = quads
                .iter()
                .filter(|quad| quad.inner().len() == 8)
                .map(ElementQuad::from_quad);
            Ok::<_, CdpError>(
                quad.filter(|quad| quad.quad_area() > 1.0)
                    .map(|quad| quad.quad_center())
                    .next(),
            )
        };
        self.page
            .execute(
                ScrollIntoViewIfNeededParams::builder()
                    .object_id(object.clone())
                    .build(),
            )
            .await?;
        let Some(point) = place(&object).await? else {
            return Ok(None);
        };
        let on_top = format!(
            "(() => {{
                const wanted = {find};
                const top = document.elementFromPoint({x}, {y});
                return Boolean(top && wanted.contains && (wanted.contains(top) || top.contains(wanted) || top.closest('label')?.control === wanted));
            }})()",
            x = point.x,
            y = point.y,
        );
        Ok((self.evaluate(&on_top).await? == Value::Bool(true)).then_some(point))
    }

    async fn evaluate(&self, expression: &str) -> Result<Value, CdpError> {
        let params = EvaluateParams::builder()
            .expression(expression)
            .return_by_value(true)
            .build();
        let answer = self
            .page
            .execute(params.map_err(CdpError::msg)?)
            .await?
            .result;
        match answer.exception_details {
            Some(details) => Err(CdpError::JavascriptException(Box::new(details))),
            None => Ok(answer.result.value.unwrap_or_default()),
        }
    }

    async fn wait<T>(&self, what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            if Instant::now() > deadline {
                self.fail(&format!(
                    "{what} is not to be found after {:?}",
                    self.patience
                ))
                .await;
            }
            sleep(POLL).await;
        }
    }

    fn forget_navigations(&self) {
        let mut events = self.events.lock().expect("no test panicked here");
        while let Some(Some(_)) = events.requested.next().now_or_never() {}
        while let Some(Some(_)) = events.started.next().now_or_never() {}
        while let Some(Some(_)) = events.stopped.next().now_or_never() {}
    }

    /// Waits until a navigation that the last action began is over, and no request of htmx is under way. `loading`: one
    /// is known to be under way.
    async fn settle(&self, loading: bool) {
        let begin = Instant::now();
        let (mut requested, mut started) = (loading, 0_i32);
        loop {
            // One round trip, so that everything reported before it is in.
            let quiet = self
                .evaluate("document.readyState === 'complete' && !document.querySelector('.htmx-request')")
                .await
                .is_ok_and(|quiet| quiet == Value::Bool(true));
            {
                let mut events = self.events.lock().expect("no test panicked here");
                while let Some(Some(_)) = events.requested.next().now_or_never() {
                    requested = true;
                }
                while let Some(Some(_)) = events.started.next().now_or_never() {
                    started += 1;
                }
                while let Some(Some(_)) = events.stopped.next().now_or_never() {
                    (started, requested) = (started - 1, false);
                }
            }
            // A download is requested and then loads nothing.
            let expected = requested && begin.elapsed() < Duration::from_secs(2);
            if quiet && started <= 0 && !expected || begin.elapsed() > self.patience {
                return;
            }
            sleep(POLL).await;
        }
    }

    async fn fail(&self, what: &str) -> ! {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("failure-{}.png", std::process::id()));
        let picture = match self
            .page
            .screenshot(ScreenshotParams::builder().full_page(true).build())
            .await
        {
            Ok(bytes) if std::fs::write(&file, &bytes).is_ok() => file.display().to_string(),
            _ => "none".to_owned(),
        };
        let url = self.evaluate("location.href").await.unwrap_or_default();
        let errors = self.console_errors().await;
        let shown = self.shown().await;
        panic!(
            "{what}\n  at: {url}\n  picture: {picture}\n  console: {errors:?}\n  shown: {shown}"
        );
    }
}

impl Events {
    fn read_complaints(&mut self) {
        // A blocked eval that the script catches is told here and nowhere else.
        while let Some(Some(event)) = self.issues.next().now_or_never() {
            if let Some(issue) = &event.issue.details.content_security_policy_issue_details {
                let what = issue
                    .blocked_url
                    .as_deref()
                    .unwrap_or(issue.content_security_policy_violation_type.as_ref());
                let rule = &issue.violated_directive;
                self.complaints.push(format!(
                    "Content Security Policy: {rule} does not allow {what}"
                ));
            }
        }
        while let Some(Some(event)) = self.log.next().now_or_never() {
            let entry = &event.entry;
            if entry.level == LogEntryLevel::Error && !entry.text.contains("status of 422") {
                self.complaints.push(format!(
                    "{} {}",
                    entry.text,
                    entry.url.as_deref().unwrap_or_default()
                ));
            }
        }
        while let Some(Some(event)) = self.console.next().now_or_never() {
            if matches!(
                event.r#type,
                ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert
            ) {
                let words = event.args.iter().map(|arg| match &arg.value {
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                    None => arg.description.clone().unwrap_or_default(),
                });
                self.complaints.push(words.collect::<Vec<_>>().join(" "));
            }
        }
        while let Some(Some(event)) = self.exceptions.next().now_or_never() {
            let details = &event.exception_details;
            let what = details
                .exception
                .as_ref()
                .and_then(|e| e.description.clone());
            self.complaints
                .push(what.unwrap_or_else(|| details.text.clone()));
        }
    }
}

/// A function of the page: whether a person sees the element.
const VISIBLE: &str = "((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0)";

/// The first visible element of this selector, as an expression.
fn first(css: &str) -> String {
    format!(
        "[...document.querySelectorAll({})].find({VISIBLE})",
        quote(css)
    )
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `color-contrast (serious): Elements must … | .button: Fix any of the following: …`
fn violation(rule: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut text = format!(
        "{} ({}): {}",
        word(&rule["id"]),
        word(&rule["impact"]),
        word(&rule["help"])
    );
    for node in rule["nodes"].as_array().into_iter().flatten() {
        let places = node["target"]
            .as_array()
            .into_iter()
            .flatten()
            .map(word)
            .collect::<Vec<_>>()
            .join(" ");
        let _ = write!(
            text,
            " | {places}: {}",
            squeeze(&word(&node["failureSummary"]))
        );
    }
    text
}
