// Niceties on top of pages that work without them. Everything is delegated from the document, so that it
// goes on working after htmx has swapped a part of the page. No eval, no inline handlers (see the CSP).
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("scripted");
  // Buttons beside self-acting selects are only superfluous when htmx is there to send the change.
  if (window.htmx) root.classList.add("js");

  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  // Copy: <button data-copy="#id">; the target's value or text goes to the clipboard.
  const copy = async (button) => {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const text = "value" in source ? source.value : source.textContent.trim();
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard (plain http): select the text, so that one key press copies it.
      if (source.select) { source.focus(); source.select(); }
      else getSelection().selectAllChildren(source);
      try { done = document.execCommand("copy"); } catch { done = false; }
    }
    const label = button.querySelector("[data-copy-label]") || button;
    label.dataset.was ??= label.textContent;
    label.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    say(label.textContent);
    clearTimeout(label.timer);
    label.timer = setTimeout(() => { label.textContent = label.dataset.was; }, 2000);
  };

  // Says something to a screen reader without showing it.
  let voice;
  const say = (text) => {
    if (!voice?.isConnected) {
      voice = document.createElement("p");
      voice.className = "sr";
      voice.setAttribute("role", "status");
      (document.getElementById("main") || document.body).append(voice);
    }
    voice.textContent = "";
    setTimeout(() => { voice.textContent = text; }, 50);
  };

  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
    const copier = closest(event, "[data-copy]");
    if (copier) { event.preventDefault(); copy(copier); }
    const dismiss = closest(event, "[data-dismiss]");
    if (dismiss) {
      dismiss.closest(dismiss.dataset.dismiss)?.remove();
      document.getElementById("main")?.focus({ preventScroll: true });
    }
  });

  document.addEventListener("focusin", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = [...openMenus()].pop();
      if (open) {
        open.open = false;
        open.querySelector("summary")?.focus();
      }
      return;
    }
    const menu = closest(event, "details.menu[open]");
    if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("input, select, textarea")) {
      const items = [...menu.querySelectorAll("summary, a[href], button:not(:disabled)")];
      const step = event.key === "ArrowDown" ? 1 : -1;
      items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
      event.preventDefault();
      return;
    }
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey
        && !event.target.matches("input, textarea, select, [contenteditable]")) {
      const search = document.querySelector("main input[type=search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
  });

  // What htmx could not send, or what was refused: the form shows again what holds, and the page says so.
  const takeBack = (event) => {
    const form = event.target instanceof Element && event.target.closest("form[method=post]");
    if (form) form.reset();
    return form;
  };
  document.addEventListener("htmx:response:error", takeBack);
  document.addEventListener("htmx:error", (event) => {
    if (!event.detail?.ctx || !takeBack(event)) return;
    const notice = document.getElementById("notice");
    if (!notice) return;
    const text = document.createElement("p");
    text.textContent = "Not saved: the server can't be reached. Try again in a moment.";
    const box = document.createElement("div");
    box.className = "notice bad";
    box.append(text);
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.append(box);
    notice.replaceChildren(toast);
  });

  // A select that acts by itself: who goes through it with the keys decides by Enter, or by leaving it.
  let walked = null;
  let undecided = null;
  const acts = (element) => element instanceof Element && element.matches("form[hx-post][hx-trigger=change] select");
  const decide = () => {
    const select = undecided;
    walked = undecided = null;
    select?.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("pointerdown", () => { walked = null; }, true);
  document.addEventListener("keydown", (event) => {
    if (!acts(event.target)) return;
    if (event.key === "Enter" && undecided) { event.preventDefault(); decide(); }
    else if (event.key === "Escape" && undecided) { undecided.form.reset(); walked = undecided = null; }
    else if (event.altKey || event.key === " " || event.key === "Enter") walked = null;
    else if (event.key.length === 1 || /^(Arrow|Page|Home|End)/.test(event.key)) walked = event.target;
  }, true);
  document.addEventListener("change", (event) => {
    if (!walked || event.target !== walked) return;
    event.stopImmediatePropagation();
    undecided = walked;
    say("Press Enter to set it, or Escape to leave it as it was.");
  }, true);
  document.addEventListener("focusout", (event) => { if (event.target === undecided) decide(); }, true);

  // The page that shows something once was the answer to a form: a reload leads to the list instead of making it again.
  const shownOnce = document.querySelector("[data-reload-to]");
  if (shownOnce) history.replaceState(history.state, "", shownOnce.dataset.reloadTo);

  // <form data-confirm-name="Acme">: the danger button waits until the name is typed. The server checks as well.
  const confirmName = (form) => {
    const typed = form.querySelector("[data-confirm-input], input[type=text], input:not([type])");
    const button = form.querySelector("button.danger, button[type=submit]");
    if (typed && button) button.disabled = typed.value.trim() !== form.dataset.confirmName.trim();
  };

  // Who checks one of a list means only those checked.
  document.addEventListener("change", (event) => {
    const only = event.target.matches?.('input[type=checkbox][name="only[]"]') && event.target.form?.querySelector('input[name=mode][value=only]');
    if (only) only.checked = true;
  });

  document.addEventListener("input", (event) => {
    const form = closest(event, "form[data-confirm-name]");
    if (form) confirmName(form);
    // A pasted "123 456" becomes 123456.
    if (event.target.matches?.("input.otp")) {
      const digits = event.target.value.replace(/\D/g, "");
      if (digits !== event.target.value) event.target.value = digits;
    }
  });
  // A paste is cut to the field's maxlength before the spaces could go, so take it over.
  document.addEventListener("paste", (event) => {
    if (!event.target.matches?.("input.otp")) return;
    const digits = (event.clipboardData?.getData("text") || "").replace(/\D/g, "").slice(0, 6);
    if (!digits) return;
    event.preventDefault();
    event.target.value = digits;
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const prepare = () => document.querySelectorAll("form[data-confirm-name]").forEach(confirmName);
  prepare();
  // What is wrong in a long form may lie below what is seen.
  document.querySelector("main [aria-invalid=true]")?.focus();
  let waiting;
  new MutationObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(prepare);
  }).observe(document.body, { childList: true, subtree: true });
  addEventListener("pageshow", prepare);
})();
