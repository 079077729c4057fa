// Blocks as people see them. `on` is what a block needs of the page: names, click(action, value), and where
// it remembers what is folded.

import { h, markdown, mrkdwn, plain } from "/page/text.js";

const svg = (path, title) => {
  const holder = h("span", { class: "icon", title });
  holder.innerHTML = `<svg viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${path}</svg>`;
  return holder;
};
const THUMB = "M6.5 9 9.6 3.2c1.5-.6 2.5.6 2.2 2L11.3 8h3.9c1.2 0 2 1 1.7 2.2l-1.2 5c-.2.8-.9 1.3-1.7 1.3H6.5z";
export const ICONS = {
  up: `<path d="${THUMB}"/><path d="M3 9h3.500v7.500H3z"/>`,
  down: `<g transform="rotate(180 10 10)"><path d="${THUMB}"/><path d="M3 9h3.500v7.500H3z"/></g>`,
  chevron: '<path d="m6 8 4 4 4-4"/>',
  check: '<circle cx="10" cy="10" r="7.200" fill="#007a5a" stroke="none"/><path d="m6.800 10.200 2.200 2.200 4.300-4.600" stroke="#fff"/>',
  wait: '<circle cx="10" cy="10" r="6.500" stroke="#bbb" stroke-dasharray="2 3"/>',
  cross: '<circle cx="10" cy="10" r="7.200" fill="#c01343" stroke="none"/><path d="m7.500 7.500 5 5m0-5-5 5" stroke="#fff"/>',
  eye: '<path d="M2.500 10S5 5 10 5s7.500 5 7.500 5-2.500 5-7.500 5-7.500-5-7.500-5z"/><circle cx="10" cy="10" r="2"/>',
  reply: '<path d="M3 5.500A2.500 2.500 0 0 1 5.500 3h9A2.500 2.500 0 0 1 17 5.500v6a2.500 2.500 0 0 1-2.500 2.500H9l-4 3v-3A2.500 2.500 0 0 1 3 11.500z"/>',
  more: '<circle cx="10" cy="4.500" r=".8" fill="currentColor"/><circle cx="10" cy="10" r=".8" fill="currentColor"/><circle cx="10" cy="15.500" r=".8" fill="currentColor"/>',
  close: '<path d="m5 5 10 10M15 5 5 15"/>',
  send: '<path d="M3 4.200 17 10 3 15.800 5 10.500 11 10 5 9.500z" fill="currentColor" stroke="none"/>',
  home: '<path d="M3 9.500 10 3l7 6.500V17h-5v-4.500H8V17H3z"/>',
  talk: '<path d="M4 4h8v6H8l-2.500 2V10H4zM9 12.500h4l2.500 2v-2H17V7h-3"/>',
  stop: '<rect x="6" y="6" width="8" height="8" rx="1.500" fill="currentColor" stroke="none"/>',
  trash: '<path d="M4 5.500h12M8 5.500V3.500h4v2M5.500 5.500l.7 11h7.600l.7-11"/>',
  lock: '<rect x="4.500" y="9" width="11" height="7.500" rx="1.500"/><path d="M7 9V6.500a3 3 0 0 1 6 0V9"/>',
  info: '<circle cx="10" cy="10" r="7"/><path d="M10 9.500v4M10 6.500v.1"/>',
};
export const icon = (name, title) => svg(ICONS[name] ?? ICONS.info, title);

const text = (part, on) => (part.type === "mrkdwn" ? mrkdwn(part.text, on.names) : plain(part.text));
const label = (part) => part?.text ?? "";

const richText = (block) => h("div", { class: "text" }, (block.elements ?? []).map((part) => {
  const inner = (piece) => {
    let shown = piece.type === "link" && /^https?:/.test(piece.url)
      ? h("a", { href: piece.url, target: "_blank" }, piece.text ?? piece.url) : piece.text ?? "";
    for (const [style, tag] of [["bold", "b"], ["italic", "i"], ["strike", "s"], ["code", "code"]])
      if (piece.style?.[style]) shown = h(tag, {}, shown);
    return shown;
  };
  if (part.type === "rich_text_list")
    return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((one) => h("li", {}, one.elements.map(inner))));
  const tag = { rich_text_quote: "blockquote", rich_text_preformatted: "pre" }[part.type] ?? "div";
  return h(tag, { class: "lines" }, (part.elements ?? []).map(inner));
}));

const STATES = { complete: "check", pending: "wait", error: "cross" };
const task = (card) => h("li", { class: `task ${card.status}` },
  card.status === "in_progress" ? h("span", { class: "icon spinner" }) : icon(STATES[card.status], card.status),
  h("div", {}, h("div", { class: "task-title" }, card.title),
    card.details && h("div", { class: "task-more" }, richText(card.details)),
    card.output && h("div", { class: "task-more" }, richText(card.output)),
    card.sources?.length > 0 && h("div", { class: "chips" }, card.sources.map((one) =>
      /^https?:/.test(one.url) ? h("a", { class: "chip", href: one.url, target: "_blank" }, one.text) : h("span", { class: "chip" }, one.text)))));

const folded = (key, usual, on, head, body, attributes) => {
  const details = h("details", { ...attributes, open: on.folds.get(key) ?? usual });
  details.append(h("summary", {}, head, icon("chevron")), body);
  details.addEventListener("toggle", () => on.folds.set(key, details.open));
  return details;
};

const plan = (block, on) => {
  const tasks = block.tasks ?? [];
  const busy = tasks.some((one) => one.status === "in_progress" || one.status === "pending");
  const sign = busy ? h("span", { class: "icon spinner" }) : icon(tasks.some((one) => one.status === "error") ? "cross" : "check");
  return folded(block.block_id, true, on, [sign, h("b", {}, block.title)], h("ul", { class: "tasks" }, tasks.map(task)), { class: "plan" });
};

const container = (block, on) => {
  const title = block.rich_text_title ? richText(block.rich_text_title) : label(block.title);
  const head = h("div", { class: "container-head" }, h("b", {}, title), block.subtitle && h("div", { class: "quiet" }, text(block.subtitle, on)));
  const body = h("div", { class: "container-body" }, block.child_blocks.map((one) => show(one, on)));
  if (!block.is_collapsible)
    return h("div", { class: `container ${block.width ?? ""}` }, h("div", { class: block.has_header_divider ? "divided" : "" }, head), body);
  return folded(block.block_id, !block.default_collapsed, on, head, body, { class: `container ${block.width ?? ""}` });
};

const press = (element, on, value) => () =>
  element.confirm ? on.confirm(element.confirm, () => on.click(element.action_id, value)) : on.click(element.action_id, value);

const choose = (element, on, inForm) => {
  const change = (event) => !inForm && on.click(element.action_id, event.target.value);
  const options = element.options.map((one) =>
    h("option", { value: one.value, selected: one.value === element.initial_option?.value }, label(one.text)));
  const first = !element.initial_option && h("option", { value: "", disabled: true, selected: true }, label(element.placeholder) || "Choose…");
  return h("select", { name: element.action_id, onchange: change }, first, options);
};
const tick = (element, kind) => h("div", { class: "ticks" }, element.options.map((one) => h("label", {},
  h("input", { type: kind, name: element.action_id, value: one.value,
    checked: one.value === element.initial_option?.value || element.initial_options?.some((chosen) => chosen.value === one.value) }),
  h("span", {}, label(one.text), one.description && h("div", { class: "quiet" }, label(one.description))))));

const ELEMENTS = {
  button: (one, on) => one.url && /^https?:/.test(one.url)
    ? h("a", { class: `button ${one.style ?? ""}`, href: one.url, target: "_blank", onclick: press(one, on, one.value) }, label(one.text))
    : h("button", { type: "button", class: `button ${one.style ?? ""}`, "data-action": one.action_id, onclick: press(one, on, one.value) }, label(one.text)),
  icon_button: (one, on) => h("button", { type: "button", class: "mini", title: label(one.text), "data-action": one.action_id, onclick: press(one, on, one.value) }, icon(one.icon, label(one.text))),
  feedback_buttons: (one, on) => h("span", { class: "thumbs", "data-action": one.action_id }, [["up", one.positive_button], ["down", one.negative_button]].map(([name, side]) =>
    h("button", { type: "button", class: `mini ${on.votes.get(`${on.key}/${one.action_id}`) === side.value ? "chosen" : ""}`, title: side.accessibility_label ?? label(side.text),
      onclick: () => { on.votes.set(`${on.key}/${one.action_id}`, side.value); on.click(one.action_id, side.value); } }, icon(name)))),
  static_select: choose,
  users_select: (one, on) => choose({ ...one, options: Object.entries(on.names).filter(([id]) => id[0] === "U").map(([value, name]) => ({ value, text: { text: name } })) }, on, true),
  overflow: choose,
  radio_buttons: (one) => tick(one, "radio"),
  checkboxes: (one) => tick(one, "checkbox"),
  plain_text_input: (one) => h(one.multiline ? "textarea" : "input", { name: one.action_id, rows: one.multiline ? 4 : null, maxlength: one.max_length, placeholder: label(one.placeholder), value: one.initial_value }, one.multiline ? one.initial_value ?? "" : ""),
  image: (one) => h("img", { src: one.image_url, alt: one.alt_text }),
  plain_text: (one) => plain(one.text),
  mrkdwn: (one, on) => mrkdwn(one.text, on.names),
};
const element = (one, on, inForm = false) => ELEMENTS[one.type]?.(one, on, inForm) ?? h("span", { class: "unknown" }, one.type);

const BLOCKS = {
  section: (one, on) => h("div", { class: "section" }, h("div", { class: "grow" }, one.text && text(one.text, on),
    one.fields && h("div", { class: "fields" }, one.fields.map((field) => text(field, on)))), one.accessory && element(one.accessory, on)),
  context: (one, on) => h("div", { class: "context" }, one.elements.map((part) => element(part, on))),
  actions: (one, on) => h("div", { class: "actions" }, one.elements.map((part) => element(part, on))),
  context_actions: (one, on) => h("div", { class: "actions context-actions" }, one.elements.map((part) => element(part, on))),
  divider: () => h("hr"),
  header: (one) => h("h3", {}, label(one.text)),
  markdown: (one, on) => markdown(one.text, on.names),
  container,
  plan,
  task_card: (one) => h("ul", { class: "tasks alone" }, task(one)),
  alert: (one, on) => h("div", { class: `alert ${one.level ?? "default"}` }, icon("info"), text(one.text, on)),
  input: (one, on) => h("div", { class: "input", "data-block": one.block_id }, h("div", { class: "label" }, label(one.label), one.optional && h("span", { class: "quiet" }, " (optional)")),
    element(one.element, on, true), one.hint && h("div", { class: "quiet" }, label(one.hint)), on.errors?.[one.block_id] && h("div", { class: "error" }, on.errors[one.block_id])),
  rich_text: richText,
  image: (one) => h("img", { src: one.image_url, alt: one.alt_text }),
  table: (one) => h("table", {}, one.rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell.type === "rich_text" ? richText(cell) : `${cell.text ?? cell.value}`))))),
};
export const show = (block, on) => BLOCKS[block.type]?.(block, on) ?? h("div", { class: "unknown" }, block.type);
