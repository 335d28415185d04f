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

  // <form data-confirm-name="Acme">: the danger button waits until the name is typed. The server checks as well.
  const confirmName = (form) => {
    const typed = form.querySelector("[data-confirm-input], input[type=text], input:not([type])");
    const button = form.querySelector("button.danger, button[type=submit]");
    if (typed && button) button.disabled = typed.value.trim() !== form.dataset.confirmName.trim();
  };

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
  let waiting;
  new MutationObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(prepare);
  }).observe(document.body, { childList: true, subtree: true });
  addEventListener("pageshow", prepare);
})();
