// A small Slack: looks at the state of one person again and again, and posts what they do.

import { icon, show } from "/page/blocks.js";
import { composer } from "/page/composer.js";
import { confirm, menu, modal } from "/page/over.js";
import { h, mrkdwn } from "/page/text.js";
import { clock, speak, t } from "/page/words.js";

const user = location.pathname.split("/")[2];
const page = { state: null, folds: new Map(), votes: new Map(), drawn: new Map(), user };
const $ = (id) => document.getElementById(id);

page.act = async (what, more = {}) => {
  const answer = await fetch(`/client/${user}/do`, { method: "POST", body: JSON.stringify({ do: what, ...more }) });
  const { error } = await answer.json();
  if (error) page.notice(error);
};
page.notice = (text) => {
  const shown = h("div", { class: "toast", role: "alert" }, text);
  document.body.append(shown);
  setTimeout(() => shown.remove(), 4000);
};

// Where the person is: #C1, #C1/ts for a thread beside it, #home for Sabio's Home tab.
const place = () => {
  const [first, thread] = decodeURIComponent(location.hash.slice(1)).split("/");
  const first_ = first || page.state.channels.find((one) => one.kind !== "im")?.id || "home";
  return { home: first_ === "home", channel: first_ === "home" ? direct() : first_, thread };
};
const direct = () => page.state.channels.find((one) => one.kind === "im")?.id;
const go = (...parts) => { location.hash = parts.filter(Boolean).join("/"); };
const channelOf = (id) => page.state.channels.find((one) => one.id === id);
const isBot = (message) => page.state.bots.includes(message.user);
const nameOf = (id) => page.state.names[id] ?? id;

const COLOURS = ["#2e7d6b", "#8d4a9e", "#b7572b", "#2f6fab", "#9a7b16", "#a8385d"];
const avatar = (id, size = "") => page.state.bots.includes(id)
  ? h("span", { class: `avatar bot ${size}` }, "S")
  : h("span", { class: `avatar ${size}`, style: `background:${COLOURS[[...id].reduce((sum, one) => sum + one.charCodeAt(0), 0) % COLOURS.length]}` }, nameOf(id)[0]);

const surroundings = (key, more, target) => ({
  names: page.state.names, votes: page.votes, key, errors: more?.errors,
  folds: { get: (id) => page.folds.get(`${key}/${id}`), set: (id, open) => page.folds.set(`${key}/${id}`, open) },
  confirm: (asked, then) => confirm(asked, then),
  click: (action, value) => page.act("click", { ...target, action, value: value ?? null }),
});
page.blocks = (holder, key, target) => holder.blocks.map((one) => show(one, surroundings(key, holder, target)));

const counted = (number) => (number === 1 ? t("1 reply") : `${number} ${t("replies")}`);

const toolbar = (channel, message) => h("div", { class: "toolbar" },
  !message.is_ephemeral && h("button", { title: "Reply in thread", onclick: () => go(channel.id, message.thread_ts ?? message.ts) }, icon("reply")),
  h("button", { title: "More actions", onclick: (event) => menu(event.currentTarget, [
    ...page.state.shortcuts.map((one) => [one.name, () => page.act("shortcut", { channel: channel.id, ts: message.ts, action: one.callback_id })]),
    ...(message.user === user ? [
      ["Edit message", () => edit(channel, message)],
      ["Delete message", () => page.act("delete", { channel: channel.id, ts: message.ts })]] : []),
  ]) }, icon("more")));

const edit = (channel, message) => {
  const text = prompt("Edit message", message.text);
  if (text !== null) page.act("edit", { channel: channel.id, ts: message.ts, text });
};

const draw = (channel, message, inThread) => {
  const replies = channel.messages.filter((one) => one.thread_ts === message.ts && one.ts !== message.ts && !one.is_ephemeral);
  const body = message.blocks?.length ? page.blocks(message, message.ts, { channel: channel.id, ts: message.ts }) : [mrkdwn(message.text ?? "", page.state.names)];
  return h("article", { class: `message ${message.is_ephemeral ? "ephemeral" : ""}`, "data-ts": message.ts },
    message.is_ephemeral && h("div", { class: "only-you" }, icon("eye"), t("Only visible to you")),
    avatar(message.user),
    h("div", { class: "grow" },
      h("div", { class: "by" }, h("b", {}, nameOf(message.user)), isBot(message) && h("span", { class: "app" }, "APP"), h("time", {}, clock(message.ts))),
      h("div", { class: message.subtype === "tombstone" ? "quiet" : "body" }, body, message.streaming && h("span", { class: "cursor" }),
        message.edited && !isBot(message) && h("span", { class: "quiet" }, ` ${t("(edited)")}`)),
      !inThread && replies.length > 0 && h("button", { class: "replies", onclick: () => go(channel.id, message.ts) },
        [...new Set(replies.map((one) => one.user))].slice(0, 3).map((one) => avatar(one, "small")),
        h("b", {}, counted(replies.length)),
        h("span", { class: "quiet" }, channel.sessions[message.ts]?.status === "processing" ? t("Sabio is working…") : t("View thread")))),
    toolbar(channel, message));
};

const working = (channel, thread) => channel.sessions[thread]?.status === "processing" && h("div", { class: "working" },
  h("span", { class: "dots" }, h("i"), h("i"), h("i")), t("Sabio is working…"),
  h("button", { class: "stop", onclick: () => page.act("stop", { channel: channel.id, thread }) }, icon("stop"), t("Stop")));

const title = (channel) => channel.kind === "im" ? [avatar(page.state.bot, "small"), "Sabio"]
  : [channel.kind === "group" ? icon("lock") : h("span", { class: "hash" }, "#"), channel.name];

const messages = (channel, thread) => {
  const shown = channel.messages.filter((one) => thread
    ? one.ts === thread || one.thread_ts === thread
    : !one.thread_ts || one.thread_ts === one.ts);
  return h("div", { class: "messages", role: "log" }, h("div", { class: "filler" }),
    !thread && channel.kind === "im" && h("div", { class: "intro" }, avatar(page.state.bot), h("h2", {}, "Sabio"),
      h("p", { class: "quiet" }, page.state.about)),
    !thread && shown.length > 0 && h("div", { class: "day" }, h("span", {}, t("Today"))),
    shown.map((one, number) => [draw(channel, one, Boolean(thread)),
      thread && number === 0 && shown.length > 1 && h("div", { class: "day left" }, h("span", {}, counted(shown.filter((one) => !one.is_ephemeral).length - 1)))]),
    working(channel, thread));
};

const prompts = (channel) => channel.prompts && h("div", { class: "prompts" }, h("span", { class: "quiet" }, channel.prompts.title),
  channel.prompts.prompts.map((one) => h("button", { class: "chip", onclick: () => page.act("say", { channel: channel.id, text: one.message, thread: null }) }, one.title)));

const home = () => {
  const view = page.state.home;
  return h("div", { class: "home" }, view ? page.blocks(view, `${view.id}/${view.hash}`, { view: view.id })
    : h("p", { class: "quiet" }, "This app has not published a Home tab yet."));
};

const appTabs = (here) => h("div", { class: "tabs" },
  h("button", { class: here.home ? "on" : "", onclick: () => openHome("home") }, t("Home")),
  h("button", { class: here.home ? "" : "on", onclick: () => openHome("messages") }, t("Messages")));
const openHome = (tab) => { go(tab === "home" ? "home" : direct()); page.act("home", { tab }); };

// A part of the page is drawn again only where it changed, so that what is open or typed stays.
const redraw = (id, content, make) => {
  const sign = JSON.stringify(content);
  if (page.drawn.get(id) === sign) return;
  page.drawn.set(id, sign);
  const old = $(id).querySelector(".messages");
  const below = !old || old.scrollHeight - old.scrollTop - old.clientHeight < 40;
  const kept = old?.scrollTop ?? 0;
  make($(id));
  const now = $(id).querySelector(".messages");
  if (now) now.scrollTop = below ? now.scrollHeight : kept;
};

const column = (holder, key, head, content, foot) => {
  if (holder.dataset.key !== key) {
    holder.dataset.key = key;
    holder.replaceChildren(head(), h("div", { class: "hold" }), h("div", { class: "foot" }, foot()));
  }
  holder.querySelector("header").replaceWith(head());
  holder.querySelector(".hold").replaceChildren(content());
};

const render = () => {
  const { state } = page;
  const here = place();
  const channel = channelOf(here.channel) ?? state.channels[0];
  const places = state.channels.map(({ id, name, kind }) => [id, name, kind]);
  redraw("side", [places, here, state.team], (side) => side.replaceChildren(
    h("h1", {}, state.team), h("h2", {}, t("Channels")),
    ...state.channels.filter((one) => one.kind !== "im").map((one) => h("button", { class: !here.home && one.id === channel.id ? "on" : "", onclick: () => go(one.id) }, title(one))),
    h("h2", {}, t("Apps")),
    h("button", { class: here.home || channel.kind === "im" ? "on" : "", onclick: () => openHome("messages") }, title({ kind: "im" })),
    h("div", { class: "me" }, avatar(user, "small"), nameOf(user))));
  redraw("rail", state.team, (rail) => rail.replaceChildren(h("div", { class: "team" }, state.team[0]),
    h("div", { class: "on" }, icon("home"), t("Home")), h("div", {}, icon("talk"), t("DMs"))));
  $("search").textContent = `${t("Search")} ${state.team}`;
  const head = () => h("header", {}, h("div", { class: "title" }, title(channel)), channel.kind === "im" ? appTabs(here)
    : h("span", { class: "quiet" }, `${channel.members} ${t("members")}${channel.shared ? " · shared with another organization" : ""}`));
  redraw("main", [here.home, state.home, channel, state.names], (main) => column(main, `${channel.id} ${here.home}`, head,
    () => here.home ? home() : messages(channel), () => here.home ? "" : [h("div", { class: "offers" }), composer(page, channel)]));
  $("main").querySelector(".offers")?.replaceChildren(prompts(channel) || "");
  const thread = here.thread && !here.home ? here.thread : null;
  document.body.classList.toggle("threaded", Boolean(thread));
  $("thread").hidden = !thread;
  if (thread) redraw("thread", [thread, channel, state.names], (side) => column(side, `${channel.id} ${thread}`,
    () => h("header", {}, h("div", { class: "title" }, t("Thread")), h("span", { class: "quiet grow" }, title(channel)), h("button", { class: "mini", title: "Close", onclick: () => go(channel.id) }, icon("close"))),
    () => messages(channel, thread), () => composer(page, channel, thread)));
  else { page.drawn.delete("thread"); $("thread").dataset.key = ""; }
  const view = state.modals.at(-1);
  redraw("over", view ?? null, (over) => over.replaceChildren(view ? modal(page, view) : ""));
};

addEventListener("hashchange", () => page.state && render());
let version = "";
for (;;) {
  try {
    const said = await (await fetch(`/client/${user}/state?since=${version}`)).json();
    if (said.version !== version) { version = said.version; page.state = said.state; speak(said.state.locale); render(); }
  } catch (error) {
    console.error(error);
    await new Promise((then) => setTimeout(then, 500));
  }
}
