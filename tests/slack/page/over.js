// What lies over the page: modals, confirmations, the menu of a message.

import { icon } from "/page/blocks.js";
import { h } from "/page/text.js";

const valuesOf = (form, view) => {
  const values = {};
  for (const block of view.blocks) {
    const name = block.type === "input" && block.element.action_id;
    if (!name) continue;
    const data = new FormData(form);
    const value = block.element.type === "checkboxes" ? data.getAll(name) : data.get(name);
    if (value !== null && value !== "") values[name] = value;
  }
  return values;
};

export const modal = (page, view) => {
  const submit = (event) => {
    event.preventDefault();
    page.act("submit", { view: view.id, values: valuesOf(event.target, view) });
  };
  const close = () => page.act("dismiss");
  return h("div", { class: "veil" }, h("form", { class: "modal", role: "dialog", "aria-label": view.title.text, onsubmit: submit },
    h("header", {}, h("h2", {}, view.title.text), h("button", { type: "button", class: "mini", title: "Close", onclick: close }, icon("close"))),
    h("div", { class: "modal-body" }, page.blocks(view, `${view.id}/${view.hash}`, { view: view.id })),
    h("footer", {}, h("button", { type: "button", class: "button", onclick: close }, view.close?.text ?? "Cancel"),
      view.submit && h("button", { type: "submit", class: "button primary" }, view.submit.text))));
};

export const confirm = (asked, then) => {
  const veil = h("div", { class: "veil" });
  const answer = (yes) => () => { veil.remove(); if (yes) then(); };
  veil.append(h("div", { class: "modal small", role: "alertdialog" },
    h("header", {}, h("h2", {}, asked.title.text)), h("div", { class: "modal-body" }, asked.text.text),
    h("footer", {}, h("button", { class: "button", onclick: answer(false) }, asked.deny.text),
      h("button", { class: `button ${asked.style ?? "primary"}`, onclick: answer(true) }, asked.confirm.text))));
  document.body.append(veil);
};

export const menu = (at, entries) => {
  document.querySelector(".menu")?.remove();
  const { right, bottom } = at.getBoundingClientRect();
  const shown = h("div", { class: "menu", role: "menu", style: `top:${bottom + 4}px;right:${innerWidth - right}px` },
    entries.length ? entries.map(([name, then]) => h("button", { role: "menuitem", onclick: () => { shown.remove(); then(); } }, name)) : h("div", { class: "quiet" }, "No actions"));
  document.body.append(shown);
  setTimeout(() => addEventListener("click", () => shown.remove(), { once: true }));
};
