// The pages work without this; with it they follow what happens.
"use strict";

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
const timeOnly = new Intl.DateTimeFormat(undefined, clock);
const shortDate = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false, month: "short", day: "numeric" });
const withDate = new Intl.DateTimeFormat(undefined, { ...clock, year: "numeric", month: "short", day: "numeric" });

/** Puts the browser's own time zone in the place of the server's. */
function localise(root) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    const isToday = at.toDateString() === today;
    element.textContent = ("date" in element.dataset ? withDate : isToday ? timeOnly : shortDate).format(at);
  }
}

/** Makes the rows of a list those that the server told. */
function show(list, told) {
  if (told.count) {
    for (const element of document.querySelectorAll("[data-count]")) {
      if (element.textContent !== told.count) element.textContent = told.count;
    }
  }
  if (told.refused !== undefined) {
    for (const element of document.querySelectorAll("[data-refused]")) {
      element.textContent = told.refused;
      element.hidden = !told.refused;
    }
  }
  if (!told.order) return;
  const only = list.dataset.only?.split(" ");
  const kept = new Map(Array.from(list.children, (element) => [element.dataset.key, element]));
  const wasEmpty = !kept.size;
  let place = list.firstElementChild;
  for (const [key, version] of told.order) {
    if (only && !only.includes(key)) continue;
    let element = kept.get(key);
    kept.delete(key);
    if (!element || (element.dataset.version !== version && key in told.rows)) {
      const fresh = document.createElement(list.tagName === "OL" ? "li" : "div");
      fresh.dataset.key = key;
      fresh.dataset.version = version;
      fresh.innerHTML = told.rows[key] ?? ""; // escaped by the server; scripts in it would not run
      localise(fresh);
      if (element) {
        fresh.className = "changed";
        const hadFocus = element.contains(document.activeElement);
        if (element === place) place = element.nextElementSibling;
        element.remove();
        list.insertBefore(fresh, place);
        if (hadFocus) fresh.querySelector("a, button, summary")?.focus({ preventScroll: true });
        continue;
      }
      if (!wasEmpty || list.dataset.followed) fresh.className = "fresh";
      element = fresh;
    }
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const element of kept.values()) element.remove();
  list.dataset.followed = "yes";
  if (list.tagName !== "OL") return;
  for (const element of document.querySelectorAll("[data-empty]")) element.hidden = told.order.length > 0;
  for (const element of document.querySelectorAll("[data-full]")) element.hidden = !told.order.length;
}

/** Follows every live list of the page, while somebody may look at it. */
function follow() {
  const lists = new Map();
  for (const list of document.querySelectorAll("[data-live]")) {
    lists.set(list.dataset.live, [...(lists.get(list.dataset.live) ?? []), list]);
  }
  const state = document.querySelector("[data-live-state]");
  if (!lists.size) return;
  let streams = [];
  const say = (word) => {
    state.hidden = false;
    state.textContent = word;
    state.dataset.liveState = word.toLowerCase();
  };
  const open = () => {
    close();
    say("Connecting");
    streams = Array.from(lists, ([address, shown]) => {
      const stream = new EventSource(address);
      stream.onopen = () => say("Live");
      stream.onerror = () => say("Connecting");
      stream.onmessage = (event) => {
        const told = JSON.parse(event.data);
        for (const list of shown) show(list, told);
      };
      return stream;
    });
  };
  // A browser has six connections to a server; a page that nobody sees keeps none of them.
  const close = () => {
    for (const stream of streams) stream.close();
    streams = [];
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}

/** `/` goes to the search, `j` and `k` through the rows, `n` and `p` through messages and pages; `?` shows the keys. */
function keys(event) {
  const active = document.activeElement;
  const help = document.getElementById("keys");
  if (help.open) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("[data-search]");
  if (active?.matches("input, textarea, select")) {
    if (event.key === "Escape") active.blur();
    return;
  }
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "/") {
    event.preventDefault();
    window.location.assign("/#q");
  } else if (event.key === "?") {
    event.preventDefault();
    help.showModal();
  } else if (event.key === "n" || event.key === "p") {
    document.querySelector(event.key === "n" ? "a[rel=next]" : "a[rel=prev]")?.click();
  } else if (event.key === "j" || event.key === "k") {
    const rows = Array.from(document.querySelectorAll("a.cover"));
    const next = rows.indexOf(active) + (event.key === "j" ? 1 : -1);
    rows[Math.max(0, Math.min(next, rows.length - 1))]?.focus();
  }
}

/** Buttons that copy a text into the clipboard. */
function copying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
    });
  }
}

/** Shows the button of the list of keys. */
function help() {
  for (const button of document.querySelectorAll("[data-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => document.getElementById("keys").showModal());
  }
}

/** Fades the ends of the navigation where it goes on. */
function scrollCue() {
  const nav = document.querySelector(".bar nav");
  const mark = () => {
    const rest = nav.scrollWidth - nav.clientWidth - nav.scrollLeft;
    nav.classList.toggle("more-before", nav.scrollLeft > 1);
    nav.classList.toggle("more-after", rest > 1);
  };
  nav.addEventListener("scroll", mark, { passive: true });
  window.addEventListener("resize", mark);
  mark();
}

/** Shows those fields of a fault rule that belong to its kind. */
function faultForm() {
  const form = document.querySelector("[data-fault-form]");
  if (!form) return;
  form.classList.add("scripted");
  const effect = form.querySelector("[data-kind-effect]");
  effect.hidden = false;
  const choose = () => {
    effect.textContent = form.elements.kind.selectedOptions[0].title;
    for (const field of form.querySelectorAll("[data-kinds]")) {
      const belongs = field.dataset.kinds.split(" ").includes(form.elements.kind.value);
      field.hidden = !belongs;
      for (const input of field.querySelectorAll("input, select")) input.disabled = !belongs;
    }
  };
  form.elements.kind.addEventListener("change", choose);
  choose();
}

localise(document);
document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
document.addEventListener("keydown", keys);
if (window.location.hash === "#q") document.getElementById("q")?.focus();
copying();
help();
scrollCue();
faultForm();
follow();
